"""Takes the parts of a project's file over into a project, in the order in which they refer to each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any
from typing import Literal

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import DataFile
from perfsvc.model.entities import Env
from perfsvc.model.entities import FileContent
from perfsvc.model.entities import SceneWeight
from perfsvc.model.entities import User
from perfsvc.model.file_fields import renamed_files
from perfsvc.model.file_fields import without_folders
from perfsvc.model.project_file import ProjectDataFile
from perfsvc.model.project_file import ProjectFile
from perfsvc.model.project_file import ProjectPlan
from perfsvc.model.project_file import ProjectPreset
from perfsvc.model.project_file import ProjectScene
from perfsvc.model.scene import SceneSpec
from perfsvc.service.envs import EnvFields
from perfsvc.service.envs import Envs
from perfsvc.service.import_needs import Needs
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.project_document import Stored
from perfsvc.service.project_document import env_document
from perfsvc.service.scene_secrets import SceneSecrets
from perfsvc.store import datafiles
from perfsvc.store import envs
from perfsvc.store import plans
from perfsvc.store import presets
from perfsvc.store import scenes

Action = Literal["create", "update", "keep", "upload", "differ"]


@dataclass(frozen=True)
class Imported:
    """What became of one thing of a file, or would.

    A data file that is not in the project and has no content in the file must be uploaded (``upload``); one of another
    content stays as it is (``differ``). ``warnings`` say what a scene needs that the environments do not have.
    """

    kind: Literal["env", "scene", "plan", "preset", "file"]
    name: str
    action: Action
    size: int | None = None
    sha256: str | None = None
    warnings: Sequence[Text] = ()


@dataclass(frozen=True)
class Projects:
    """What the project has that takes a file over, and the one that the file comes from."""

    stored: Stored
    source: Stored

    def new_contents(self, file: ProjectFile) -> dict[str, bytes | DataFile]:
        """Return the contents that have to be stored, from the file or from the other project, by name."""
        contents: dict[str, bytes | DataFile] = {}
        for each in file.files:
            content = self.content_of(each)
            if content is not None and self.action_of(each) in {"create", "update"}:
                contents[each.name] = content
        return contents

    def content_of(self, listed: ProjectDataFile) -> bytes | DataFile | None:
        """Return the content of a file of the document."""
        if listed.content is not None:
            return listed.content
        original = self.source.files.get(listed.name)
        if self.source is self.stored or original is None or listed.sha256 not in (None, original.content.digest):
            return None
        return original

    def action_of(self, listed: ProjectDataFile) -> Action:
        """Return what becomes of a file of the document."""
        content, before = self.content_of(listed), self.stored.files.get(listed.name)
        if before is None:
            return "create" if content is not None else "upload"
        digest = listed.sha256 if listed.content is None else hashlib.sha256(listed.content).hexdigest()
        if digest in (None, before.content.digest):
            return "keep"
        return "update" if content is not None else "differ"


class Taker:
    """Takes one file over. ``contents`` are those of its data files that are stored already, without a row."""

    def __init__(
        self,
        envs_of: Envs,
        secrets: tuple[PlanSecrets, SceneSecrets],
        author: tuple[User, str],
        project_id: int,
        projects: Projects,
        contents: Mapping[str, FileContent] | None,
    ) -> None:
        """``author`` is a user with a language. Without ``contents`` nothing is changed."""
        self._projects = projects
        stored, self._source = projects.stored, projects.source
        self._envs = envs_of
        self._secrets, self._scene_secrets = secrets
        self._user, self._language = author
        self._project = project_id
        self._stored = stored
        self._contents = contents
        self._dry_run = contents is None
        self.replaced: list[str] = []
        """The stored names of contents that no data file has any more."""
        self._env_ids = {name: env.id for name, env in stored.envs.items()}
        self._scene_ids = {name: scene.id for name, scene in stored.scenes.items()}
        self._file_ids = {name: file.id for name, file in stored.files.items()}

    def take(self, file: ProjectFile) -> list[Imported]:
        """Return what became of each part. Raise InvalidInput."""
        missing = list(self._missing_files(file))
        needs = Needs([*self._stored.envs.values(), *file.envs], self._planned(file))
        return [
            *(self.file(each) for each in file.files),
            *self._refused(file, missing),
            *self.envs(file),
            *(replace(self.scene(number, each), warnings=needs.of(each)) for number, each in enumerate(file.scenes)),
            *(self.preset(number, each, file) for number, each in enumerate(file.presets)),
            *(self.plan(number, each, file) for number, each in enumerate(file.plans)),
        ]

    def file(self, listed: ProjectDataFile) -> Imported:
        """A data file: its content, where there is one to be had."""
        action, before = self._projects.action_of(listed), self._stored.files.get(listed.name)
        content = (self._contents or {}).get(listed.name)
        if not self._dry_run and content is None and action in {"create", "update"}:
            raise Conflict("数据文件刚被改动，请重试", "a data file has just been changed; try again")
        if content is not None and before is None:
            self._file_ids[listed.name] = datafiles.create(self._project, self._user.id, listed.name, content).id
        elif content is not None and before is not None:
            self.replaced.append(datafiles.replace(before.id, None, content, self._user.username))
        return Imported("file", listed.name, action, listed.size, listed.sha256)

    def _planned(self, file: ProjectFile) -> set[str]:
        """Return the names of the scenes that plans have, those of the file and those of the project."""
        names = self._stored.scene_names
        ids = {share.scene_id for plan in self._stored.plans.values() for share in plan.scenes}
        return {share.name for plan in file.plans for share in plan.scenes} | {
            names[each] for each in ids & names.keys()
        }

    def _missing_files(self, file: ProjectFile) -> Iterator[tuple[str, str]]:
        """Find the data files that plans and presets read and that are not to be had, with their places."""
        listed = {each.name for each in file.files if self._projects.action_of(each) != "upload"}
        configs = {f"plans[{number}]": each.config for number, each in enumerate(file.plans)}
        configs |= {f"presets[{number}]": each.config for number, each in enumerate(file.presets)}
        for at, config in configs.items():
            name = _data_of(config).get("file")
            if isinstance(name, str) and not {name, without_folders(name)} & (listed | self._file_ids.keys()):
                yield f"{at}.config.data_config.file", name

    def _refused(self, file: ProjectFile, missing: list[tuple[str, str]]) -> list[Imported]:
        """Return the missing files that the document does not list; raise InvalidInput unless nothing is changed."""
        listed = {each.name: each for each in file.files}
        if missing and not self._dry_run:
            raise InvalidInput([Problem(path, _upload_first(name, listed.get(name))) for path, name in missing])
        return [
            Imported("file", name, "upload")
            for name in dict.fromkeys(name for _, name in missing)
            if name not in listed
        ]

    def envs(self, file: ProjectFile) -> list[Imported]:
        """Environments, sealed as those of a form."""
        imported = []
        for number, each in enumerate(file.envs):
            document = each.model_dump(mode="json", exclude_unset=True)
            fields = EnvFields.parse(document, f"envs[{number}]")
            before = self._stored.envs.get(each.name)
            action = _action(
                None if before is None else env_document(each.name, before), {k: v for k, v in document.items() if v}
            )
            try:
                sealed = self._envs.sealed(fields, self._source.envs.get(each.name) or before)
            except InvalidInput as error:
                raise InvalidInput(
                    [Problem(f"envs[{number}].{one.path}", one.text) for one in error.problems]
                ) from None
            if action != "keep" and not self._dry_run:
                self._env_ids[each.name] = self._write_env(fields, sealed, before)
            imported.append(Imported("env", each.name, action))
        return imported

    def _write_env(self, fields: EnvFields, sealed: dict[str, Any], before: Env | None) -> int:
        if before is None:
            return envs.create(self._project, fields.name, fields.host, **sealed, creator=self._user.username).id
        return envs.update(replace(before, host=fields.host, **sealed, updated_by=self._user.username)).id

    def scene(self, number: int, imported: ProjectScene) -> Imported:
        """A scene, sealed as that of a form."""
        before, source = self._stored.scenes.get(imported.name), self._source.scenes.get(imported.name)
        written = scenes.document_of(imported.scene())
        document = {"name": imported.name, "description": imported.description, **written}
        try:
            stored = [each.spec for each in (source, before) if each is not None]
            sealed = self._scene_secrets.sealed(written, stored)
            spec = SceneSpec.parse(renamed_files(sealed, self._numbered_files()))
            spec.refuse_excess()
        except InvalidInput as error:
            problems = [Problem(f"scenes[{number}].{one.path}", one.text) for one in error.problems]
            raise InvalidInput(problems) from None
        now = {key: value for key, value in document.items() if value}
        action = _action(None if before is None else self._stored.scene_document(imported.name, before), now)
        if action != "keep" and not self._dry_run:
            if before is None:
                scene = scenes.create(self._project, self._user.id, spec, imported.description)
                self._scene_ids[imported.name] = scene.id
            else:
                changed = replace(before, spec=spec, description=imported.description, updated_by=self._user.username)
                scenes.update(changed)
        return Imported("scene", imported.name, action)

    def plan(self, number: int, imported: ProjectPlan, file: ProjectFile) -> Imported:
        """A plan, its names replaced by ids."""
        at, before = f"plans[{number}]", self._stored.plans.get(imported.name)
        kept = self._source.plans.get(imported.name) or before
        config = self._config(at, imported.config, None if kept is None else kept.config)
        weights = self._weights(at, imported, file)
        env = self._env_id(at, imported.env, file)
        action: Action = "create"
        if before is not None:
            same = (
                self._same(before.config, config)
                and (env is None or before.config.env_id == env)
                and (before.scenes, before.description) == (weights, imported.description)
            )
            action = "keep" if same else "update"
        if action != "keep" and not self._dry_run:
            whole = config if env is None else config.model_copy(update={"env_id": env})
            if before is None:
                creator = self._user.id
                plans.create(
                    self._project, creator, imported.name, whole, weights, imported.description, language=self._language
                )
            else:
                changed = replace(
                    before,
                    config=whole,
                    scenes=weights,
                    description=imported.description,
                    updated_by=self._user.username,
                )
                plans.update(changed, self._language)
        return Imported("plan", imported.name, action)

    def preset(self, number: int, imported: ProjectPreset, file: ProjectFile) -> Imported:
        """A preset, its names replaced by ids."""
        at, before = f"presets[{number}]", self._stored.presets.get(imported.name)
        kept = self._source.presets.get(imported.name) or before
        config = self._config(at, imported.config, None if kept is None else PlanConfig.parse(kept.config_data))
        env = self._env_id(at, imported.env, file)
        whole = config if env is None else PlanConfig.parse({**_written(config), "env_id": env or None})
        action: Action = "create"
        if before is not None:
            stored = PlanConfig.parse(before.config_data)
            same = self._same(stored, config) and stored.env_id == env and before.description == imported.description
            action = "keep" if same else "update"
        if action != "keep" and not self._dry_run:
            data = {**_written(whole), "test_mode": whole.test_mode}
            if before is None:
                presets.create(self._project, self._user.id, imported.name, whole.test_mode, data, imported.description)
            else:
                changed: dict[str, Any] = {
                    "config_type": whole.test_mode,
                    "config_data": data,
                    "description": imported.description,
                }
                presets.update(replace(before, **changed, updated_by=self._user.username))
        return Imported("preset", imported.name, action)

    def _same(self, before: PlanConfig, now: PlanConfig) -> bool:
        """Return whether two configs differ in nothing but the environment."""
        return bool(self._comparable(before) == self._comparable(now))

    def _comparable(self, config: PlanConfig) -> Any:
        document = config.model_dump(mode="json", by_alias=True, exclude={"env_id"})
        return renamed_files(document, self._stored.file_names)

    def _config(self, at: str, imported: Mapping[str, Any], stored: PlanConfig | None) -> PlanConfig:
        """The config, sealed, with the id of its data file."""
        document = {key: value for key, value in imported.items() if key != "env_id"}
        data = _data_of(imported)
        if isinstance(data.get("file"), str):
            name = data["file"]
            # Without a change a missing file has no id yet; it is listed as one to upload.
            ident = self._file_ids.get(name, self._file_ids.get(without_folders(name), 0))
            rest = {key: value for key, value in data.items() if key != "file"}
            document["data_config"] = {**rest, "datafile_id": ident}
        document = renamed_files(document, self._numbered_files())
        return self._secrets.sealed(PlanConfig.parse(document, f"{at}.config"), stored, f"{at}.config")

    def _numbered_files(self) -> dict[str, str]:
        """The ids of the data files that share their names with newer ones."""
        return {name: str(file.id) for name, file in self._stored.files.items() if file.name != name}

    def _weights(self, at: str, imported: ProjectPlan, file: ProjectFile) -> tuple[SceneWeight, ...]:
        names = self._scene_ids.keys() | {scene.name for scene in file.scenes}
        self._refuse_unknown(
            (f"{at}.scenes[{place}].name", share.name) for place, share in enumerate(imported.scenes)
            if share.name not in names
        )  # fmt: skip
        return tuple(SceneWeight(self._scene_ids.get(share.name, 0), share.weight) for share in imported.scenes)

    def _env_id(self, at: str, name: str | None, file: ProjectFile) -> int | None:
        if name is None:
            return None
        if name not in self._env_ids.keys() | {env.name for env in file.envs}:
            self._refuse_unknown([(f"{at}.env", name)])
        return self._env_ids.get(name, 0)

    @staticmethod
    def _refuse_unknown(places: Iterable[tuple[str, str]]) -> None:
        problems = [
            Problem(path, Text(f"文件和项目中都没有 {name}", f"neither the file nor the project has {name}"))
            for path, name in places
        ]
        if problems:
            raise InvalidInput(problems)


def _action(before: dict[str, Any] | None, now: dict[str, Any]) -> Action:
    if before is None:
        return "create"
    return "keep" if before == {key: value for key, value in now.items() if value} else "update"


def _data_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    data = config.get("data_config")
    return data if isinstance(data, Mapping) else {}


def _written(config: PlanConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _upload_first(name: str, listed: ProjectDataFile | None) -> Text:
    """Return the text that asks for a missing file, with its size and checksum where they are listed."""
    details = [] if listed is None or listed.size is None else [f"{listed.size:,} B"]
    details += [] if listed is None or listed.sha256 is None else [f"SHA-256 {listed.sha256}"]
    zh, en = (f"（{'，'.join(details)}）", f" ({', '.join(details)})") if details else ("", "")
    return Text(
        f"项目中没有数据文件 {without_folders(name)}{zh}，请先上传",
        f"the project has no data file {without_folders(name)}{en}; upload it first",
    )
