// The page that lists the API's operations and tries them out. Everything shown comes from /api/openapi.json.

const WORDS = {
  zh: {
    search: "查找接口", username: "用户名", password: "密码", login: "登录", logout: "退出", other: "English",
    parameters: "参数", body: "请求体", answers: "响应", tryIt: "发送请求", send: "发送", required: "必填",
    none: "无", sending: "请求中…", failed: "请求失败", welcome: "接口文档", allowed: "权限：",
    intro: "在左侧选择一个接口；登录后即可在此页面直接调用。", default: "默认", example: "示例", file: "文件",
    scope: "API 令牌的权限范围：", nothing: "没有接口或字段包含这些词，请换一个说法。",
  },
  en: {
    search: "Find an operation", username: "Username", password: "Password", login: "Log in", logout: "Log out",
    other: "中文", parameters: "Parameters", body: "Request body", answers: "Answers", tryIt: "Try it", send: "Send",
    required: "required", none: "none", sending: "Sending…", failed: "The request failed", welcome: "The API",
    allowed: "Who may: ", default: "default", example: "Example", file: "File",
    scope: "Scope of an API token: ", nothing: "No operation or field has these words: try another one.",
    intro: "Choose an operation on the left; log in to call it right from this page.",
  },
};
const METHODS = ["get", "post", "put", "delete"];
const LONGEST_SHOWN = 200_000;

/** The language that was chosen in the web UI. */
const chosenLanguage = localStorage.getItem("perfsvc.language");

const state = {
  language: ["zh", "en"].includes(chosenLanguage) ? chosenLanguage : navigator.language.startsWith("zh") ? "zh" : "en",
  token: sessionStorage.getItem("token"),
  who: sessionStorage.getItem("who"),
  api: null,
  operations: [],
};

/** The session of the web UI in this browser, which also renews its token; null where no one has signed in there. */
function sessionOfUi() {
  try {
    return JSON.parse(localStorage.getItem("perfsvc.session"));
  } catch {
    return null;
  }
}

/** The token to send, and whose it is: that of a login on this page, else that of the web UI. */
function identity() {
  if (state.token) return { token: state.token, who: state.who };
  const session = sessionOfUi();
  return session ? { token: session.token, who: session.user.username } : { token: null, who: null };
}

const byId = (id) => document.getElementById(id);
const word = (name) => WORDS[state.language][name];

/** A text that the description holds in both languages: `name` in English, `x-name-zh` in Chinese. */
const text = (holder, name) => (state.language === "zh" && holder[`x-${name}-zh`]) || holder[name] || "";

/** An element. Children are elements or texts; texts are never read as HTML. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// Schemas.

function resolved(schema) {
  const name = schema.$ref?.split("/").pop();
  return name ? state.api.components.schemas[name] : schema;
}

function typeName(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts) return parts.map(typeName).join(" | ");
  if (schema.type === "array") return `${schema.items ? typeName(schema.items) : "any"}[]`;
  return schema.format ? `${schema.type} (${schema.format})` : schema.type ?? "any";
}

function bounds(schema) {
  const signs = {
    minimum: "≥", maximum: "≤", exclusiveMinimum: ">", exclusiveMaximum: "<",
    minLength: "length ≥", maxLength: "length ≤", minItems: "items ≥", maxItems: "items ≤", pattern: "~",
  };
  const one = (part) => Object.entries(signs).filter(([name]) => part[name] !== undefined)
    .map(([name, sign]) => `${sign} ${part[name]}`);
  const found = [schema, ...(schema.anyOf ?? [])].flatMap(one);
  if (schema.default != null && typeof schema.default !== "object") found.push(`${word("default")} ${schema.default}`);
  return found.join(", ");
}

/** The values of an enumeration, each with its label. */
function labels(schema) {
  const found = schema[`x-enum-${state.language}`];
  if (!found) return null;
  return make("ul", { class: "values" }, ...Object.entries(found).map(([value, label]) =>
    make("li", {}, make("code", {}, value), ` ${label}`)));
}

/** A text in which ``names`` are code. */
const prose = (content) => content.split(/``(.+?)``/).map((part, index) => (index % 2 ? make("code", {}, part) : part));

/** What must be given; where either of two names will do, the first. */
function requiredOf(schema) {
  const rules = [schema, ...(schema.allOf ?? [])];
  return rules.flatMap((rule) => [rule, rule.anyOf?.[0], rule.oneOf?.[0]]).flatMap((part) => part?.required ?? []);
}

/** The schemas below a property that are worth opening. */
function nested(schema) {
  const parts = [schema, schema.items, schema.additionalProperties, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []),
    ...(schema.items?.oneOf ?? []), ...(schema.items?.anyOf ?? [])];
  return parts.filter((part) => part?.$ref && (resolved(part).properties || resolved(part).enum));
}

const star = () => make("b", { class: "required", title: word("required") }, " *");

function propertyRow(name, schema, required, label = text(schema, "title")) {
  const row = make("tr", {},
    make("td", {}, make("code", {}, name), required ? star() : null),
    make("td", { class: "type" }, typeName(schema)),
    make("td", {}, label, make("small", {}, bounds(schema)),
      schema.description ? make("p", {}, ...prose(text(schema, "description"))) : null, labels(schema)));
  const inner = nested(schema);
  if (inner.length) row.lastChild.append(...inner.map(foldedSchema));
  return row;
}

/** A schema that is drawn when it is opened: schemas may contain themselves. */
function foldedSchema(reference) {
  const details = make("details", {}, make("summary", {}, typeName(reference)));
  details.addEventListener("toggle", () => {
    if (details.children.length === 1) details.append(schemaTable(resolved(reference)));
  });
  return details;
}

function schemaTable(schema) {
  if (!schema.properties) {
    return make("div", { class: "schema" }, make("p", {}, ...prose(text(schema, "description"))),
      make("p", { class: "type" }, typeName(schema)), labels(schema));
  }
  const rows = Object.entries(schema.properties).map(([name, property]) =>
    propertyRow(name, property, requiredOf(schema).includes(name)));
  return make("div", { class: "schema" }, make("p", {}, ...prose(text(schema, "description"))),
    make("table", {}, ...rows));
}

/** The least that satisfies a schema, to begin with. */
function example(schema, depth = 0) {
  const real = resolved(schema);
  if (depth > 6) return null;
  if (real.default != null) return real.default;
  if (real.const !== undefined) return real.const;
  if (real.enum) return real.enum[0];
  const parts = real.anyOf ?? real.oneOf;
  if (parts && !real.properties) return example(parts[0], depth + 1);
  if (real.type === "array") return real.minItems ? [example(real.items, depth + 1)] : [];
  if (real.type === "object") {
    return Object.fromEntries(requiredOf(real).map((name) => [name, example(real.properties[name], depth + 1)]));
  }
  return { integer: real.minimum ?? 1, number: 1, boolean: true, string: "" }[real.type] ?? null;
}

// The list.

const bothTitles = (holder) => `${holder.title ?? ""} ${holder["x-title-zh"] ?? ""}`;

/** The fields of schemas, by name and title, with those of schemas within. */
function fieldWords(schema, seen) {
  const real = resolved(schema);
  if (seen.has(real)) return "";
  seen.add(real);
  const parts = [real.items, real.additionalProperties, ...(real.anyOf ?? []), ...(real.oneOf ?? []), ...(real.allOf ?? [])];
  const inner = parts.filter((part) => part && typeof part === "object").map((part) => fieldWords(part, seen));
  const own = Object.entries(real.properties ?? {}).map(([name, field]) => `${name} ${bothTitles(field)} ${fieldWords(field, seen)}`);
  return [bothTitles(real), ...own, ...inner].join(" ");
}

const summaryWords = ({ method, path, operation }) => `${method} ${path} ${operation.summary} ${operation["x-summary-zh"]}`.toLowerCase();

/** What an operation takes and returns, in words. */
function deepWords(entry) {
  if (entry.words === undefined) {
    const { parameters = [], requestBody, responses } = entry.operation;
    const bodies = [requestBody, ...Object.entries(responses).filter(([status]) => status < "300").map(([, response]) => response)];
    const schemas = bodies.flatMap((body) => Object.values(body?.content ?? {})).map(({ schema }) => schema).filter(Boolean);
    const taken = parameters.map((parameter) => `${parameter.name} ${bothTitles(parameter.schema ?? {})}`);
    const seen = new Set();
    entry.words = [summaryWords(entry), ...taken, ...schemas.map((schema) => fieldWords(schema, seen))].join(" ").toLowerCase();
  }
  return entry.words;
}

/** Words that mean the same operation or thing here. */
const SAME = [
  ["create", "new", "add", "make", "新建", "创建", "添加", "新增"],
  ["delete", "remove", "删除", "移除"],
  ["change", "edit", "update", "modify", "修改", "编辑", "更新"],
  ["start", "launch", "trigger", "启动", "开始", "运行"],
  ["stop", "abort", "cancel", "停止", "结束", "终止"],
  ["list", "search", "history", "列表", "查询", "历史"],
  ["run", "test", "execution", "测试", "任务", "执行"],
  ["scene", "scenario", "script", "场景", "业务流", "脚本"],
  ["environment", "env", "环境"],
  ["figures", "metrics", "statistics", "指标", "统计"],
  ["log in", "login", "sign in", "登录"],
  ["register", "sign up", "注册"],
  ["node", "agent", "worker", "engine process", "节点", "压测机"],
  ["export", "download", "导出", "下载"],
  ["data file", "csv", "数据文件"],
  ["report", "result", "报告", "结果"],
];
const KNOWN = SAME.flat().filter((one) => !/^[a-z]+$/.test(one)).sort((a, b) => b.length - a.length);

/** What is typed, word by word; Chinese in known words, and else in pairs of characters. */
function wordsIn(typed) {
  const known = KNOWN.find((one) => typed.includes(one));
  if (known !== undefined) {
    const at = typed.indexOf(known);
    return [...wordsIn(typed.slice(0, at)), known, ...wordsIn(typed.slice(at + known.length))];
  }
  const pairs = (one) => (/^[^a-z]{3,}$/.test(one) && !/\d/.test(one) ? one.match(/.{2}/g) : [one]);
  return typed.split(/\s+/).filter(Boolean).flatMap(pairs);
}

/** Every way to write a word; a plural is found by its singular. */
function waysOf(typed) {
  const one = typed.replace(/(?<=[a-z]{3})s$/, "");
  return SAME.find((group) => group.includes(typed) || group.includes(one)) ?? [one];
}

/** Operations that are called so, then those with all the words; where there are none, those that have such fields. */
function found(typed) {
  const wanted = wordsIn(typed).map(waysOf);
  const all = (words) => wanted.every((ways) => ways.some((one) => words.includes(one)));
  const levels = [(entry) => summaryWords(entry).includes(typed), (entry) => all(summaryWords(entry)), (entry) => all(deepWords(entry))];
  return levels.map((fits) => state.operations.filter(fits)).find((list) => list.length) ?? [];
}

function showList() {
  const all = found(byId("search").value.trim().toLowerCase());
  const groups = state.api.tags.map((tag) => {
    const ours = all.filter(({ operation }) => operation.tags.includes(tag.name));
    return ours.length ? make("section", {}, make("h2", {}, text(tag, "description")), ...ours.map(listEntry)) : null;
  });
  byId("operations").replaceChildren(...(all.length ? groups.filter(Boolean) : [make("p", {}, word("nothing"))]));
}

function listEntry({ method, path, operation }) {
  const chosen = location.hash === `#${operation.operationId}`;
  return make("a", { href: `#${operation.operationId}`, "aria-current": chosen && "page", title: path },
    make("span", { class: `method ${method}` }, method), make("span", {}, text(operation, "summary")));
}

// One operation.

function showDetail() {
  const entry = state.operations.find(({ operation }) => location.hash === `#${operation.operationId}`);
  byId("detail").replaceChildren(...(entry ? detail(entry) : welcome()));
}

function welcome() {
  const paragraph = (content) => make("p", {}, content);
  return [make("h1", {}, word("welcome")), paragraph(word("intro")), paragraph(text(state.api.info, "description"))];
}

function detail({ method, path, operation }) {
  const content = operation.requestBody?.content;
  const body = content?.["application/json"];
  const upload = Boolean(content?.["application/octet-stream"]);
  return [
    make("h1", {}, text(operation, "summary")),
    make("p", { class: "address" }, make("span", { class: `method ${method}` }, method), make("code", {}, path)),
    ...text(operation, "description").split("\n\n").map((paragraph, index) =>
      make("p", {}, ...(index ? prose(paragraph) : [`${word("allowed")}${paragraph}`]))),
    operation["x-token-scope"] ? make("p", {}, word("scope"), make("code", {}, operation["x-token-scope"])) : null,
    section("parameters", operation.parameters.length ? parameterTable(operation.parameters) : word("none")),
    body ? section("body", schemaTable(resolved(body.schema)), sample(body.example)) : null,
    section("answers", ...Object.entries(operation.responses).map(answerView)),
    operation.responses[101] ? null : tryForm(method, path, operation, body, upload),
  ].filter(Boolean);
}

const section = (name, ...content) => make("section", {}, make("h2", {}, word(name)), ...content);

const parameterTable = (parameters) => make("table", {},
  ...parameters.map((parameter) =>
    propertyRow(parameter.name, parameter.schema, parameter.required, text(parameter, "description"))));

const sample = (value) => value === undefined ? null : make("details", { class: "sample" },
  make("summary", {}, word("example")),
  make("pre", {}, typeof value === "string" ? value : JSON.stringify(value, null, 2)));

function answerView([status, answer]) {
  const real = answer.$ref ? state.api.components.responses[answer.$ref.split("/").pop()] : answer;
  const content = real.content?.["application/json"] ?? real.content?.["text/plain"];
  const schema = content?.schema;
  return make("details", { class: "answer" },
    make("summary", {}, make("b", { class: status < 300 ? "good" : "bad" }, status), " ",
      status < 300 ? "" : text(real, "description"),
      schema ? make("span", { class: "type" }, ` ${typeName(schema)}`) : null),
    schema ? schemaTable(resolved(schema)) : null, sample(content?.example));
}

function tryForm(method, path, operation, body, upload) {
  const inputs = operation.parameters.map((parameter) => make("label", {}, make("code", {}, parameter.name),
    make("input", { name: parameter.name, "data-in": parameter.in, required: parameter.required, autocomplete: "off",
      placeholder: parameter.schema.default ?? "" })));
  const area = body && make("textarea", { name: "body", rows: 12, spellcheck: "false", "aria-label": word("body") });
  if (area) area.value = JSON.stringify(body.example ?? example(body.schema), null, 2);
  const file = upload && make("input", { type: "file", required: true, "aria-label": word("file") });
  const result = make("div", { class: "result", "aria-live": "polite" });
  const form = make("form", {}, ...inputs, area || null, file || null, make("button", {}, word("send")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method, path, [...form.querySelectorAll("[data-in]")], file ? file.files[0] : area?.value, result);
  });
  return section("tryIt", form, result);
}

async function send(method, path, inputs, body, result) {
  const query = new URLSearchParams();
  let address = path;
  for (const input of inputs) {
    if (input.dataset.in === "path") address = address.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value) query.set(input.name, input.value);
  }
  if (query.size) address += `?${query}`;
  result.replaceChildren(word("sending"));
  const began = performance.now();
  try {
    const response = await call(method, address, body);
    const content = await response.text();
    const took = `${Math.round(performance.now() - began)} ms`;
    result.replaceChildren(
      make("p", {}, make("b", { class: response.ok ? "good" : "bad" }, `${response.status}`), ` ${address} · ${took}`),
      make("pre", {}, pretty(content).slice(0, LONGEST_SHOWN)));
  } catch (error) {
    result.replaceChildren(make("p", { class: "bad" }, `${word("failed")}: ${error.message}`));
  }
}

function call(method, address, body) {
  const headers = { "Accept-Language": state.language };
  const { token } = identity();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = typeof body === "string" ? "application/json" : "application/octet-stream";
  return fetch(address, { method: method.toUpperCase(), headers, body });
}

function pretty(content) {
  try {
    return JSON.stringify(JSON.parse(content), null, 2);
  } catch {
    return content;
  }
}

// Who is there, and in which language.

async function logIn(event) {
  event.preventDefault();
  const form = { username: byId("username").value, password: byId("password").value };
  const response = await call("post", "/api/users/login/", JSON.stringify(form));
  const answer = await response.json();
  byId("password").setCustomValidity(response.ok ? "" : answer.error);
  byId("password").reportValidity();
  if (response.ok) remember(answer.token, answer.user.username);
}

async function logOut() {
  await call("post", "/api/users/logout/");
  remember(null, null);
}

function remember(token, who) {
  Object.assign(state, { token, who });
  for (const [name, value] of Object.entries({ token, who })) {
    if (value) sessionStorage.setItem(name, value);
    else sessionStorage.removeItem(name);
  }
  byId("password").value = "";
  showHeader();
}

function showHeader() {
  document.documentElement.lang = state.language;
  byId("version").textContent = state.api.info.version;
  byId("search").placeholder = word("search");
  byId("search").setAttribute("aria-label", word("search"));
  byId("username").placeholder = word("username");
  byId("password").placeholder = word("password");
  byId("login").querySelector("button").textContent = word("login");
  byId("leave").textContent = word("logout");
  byId("language").textContent = word("other");
  const { token, who } = identity();
  byId("login").hidden = Boolean(token);
  byId("session").hidden = !token;
  // The session of the web UI ends where it began.
  byId("leave").hidden = !state.token;
  byId("who").textContent = who ?? "";
}

function show() {
  showHeader();
  showList();
  showDetail();
}

async function begin() {
  state.api = await (await fetch("/api/openapi.json")).json();
  state.operations = Object.entries(state.api.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => ({ method, path, operation: methods[method] })));
  byId("login").addEventListener("submit", logIn);
  byId("leave").addEventListener("click", logOut);
  byId("password").addEventListener("input", () => byId("password").setCustomValidity(""));
  byId("search").addEventListener("input", showList);
  byId("language").addEventListener("click", () => {
    state.language = state.language === "zh" ? "en" : "zh";
    show();
  });
  addEventListener("hashchange", () => {
    showList();
    showDetail();
    byId("detail").focus();
    scrollTo(0, 0);
  });
  show();
}

begin();
