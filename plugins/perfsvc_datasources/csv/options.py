"""User options: ``data_config`` of a csv source."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field
from pydantic import model_validator

from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Spec
from perfsvc.plugin import titled
from perfsvc_datasources._columns import MOST_COLUMNS
from perfsvc_datasources._columns import Column
from perfsvc_datasources._columns import twice

Encoding = Literal[
    "auto",
    "utf-8",
    "utf-16",
    "utf-32",
    "gbk",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "iso-8859-1",
    "windows-1252",
]
ENCODINGS = {
    "auto": ("自动识别", "Detect"),
    "utf-8": ("UTF-8", "UTF-8"),
    "utf-16": ("UTF-16", "UTF-16"),
    "utf-32": ("UTF-32", "UTF-32"),
    "gbk": ("GBK（简体中文）", "GBK, simplified Chinese"),
    "gb18030": ("GB 18030（中文）", "GB 18030, Chinese"),
    "big5": ("Big5（繁体中文）", "Big5, traditional Chinese"),
    "shift_jis": ("Shift JIS（日文）", "Shift JIS, Japanese"),
    "euc-jp": ("EUC-JP（日文）", "EUC-JP, Japanese"),
    "euc-kr": ("EUC-KR（韩文）", "EUC-KR, Korean"),
    "iso-8859-1": ("ISO 8859-1（西欧）", "ISO 8859-1, Western European"),
    "windows-1252": ("Windows-1252（西欧）", "Windows-1252, Western European"),
}
ON_BAD_ROW = {"skip": ("跳过并警告", "Skip it with a warning"), "fail": ("报错停止", "Fail")}
Columns = Annotated[Many[Column], Field(min_length=1, max_length=MOST_COLUMNS)]


class Options(Spec):
    """The file and its dialect."""

    datafile_id: int | None = titled("数据文件ID", "Id of the data file", default=None, ge=1, examples=[1])
    file: str | None = titled(
        "文件名（与计划文件同目录）",
        "Name of a file beside the plan file",
        default=None,
        min_length=1,
        max_length=1000,
        examples=["accounts.csv"],
    )
    encoding: Encoding = titled("编码", "Encoding", default="auto", labels=ENCODINGS)
    delimiter: str = titled("分隔符", "Delimiter, one character or auto", default="auto", examples=["auto", ";", "\t"])
    quote: str = titled("引号", "Quote: \", ' or none", default='"')
    columns: Columns | None = titled(
        "列名",
        "Names of the columns",
        default=None,
        about=("不填时第一行为列名。", "Without them the first line has the names."),
        examples=[["username", "password"]],
    )
    header: bool | None = titled(
        "首行为列名",
        "The first line has names",
        default=None,
        about=(
            "填写了 columns 时：文件是否仍有标题行，有则跳过。",
            "With columns: whether there is such a line all the same, to be passed over.",
        ),
    )
    on_bad_row: Literal["skip", "fail"] = titled("遇到错误行时", "At a bad row", default="skip", labels=ON_BAD_ROW)

    @model_validator(mode="after")
    def _sound(self) -> Options:
        if (self.datafile_id is None) == (self.file is None):
            raise Fault(
                "datafile_id 与 file 必须且只能填写一个", "give datafile_id or file, one of them", "datafile_id"
            )
        if self.delimiter != "auto" and (len(self.delimiter) != 1 or self.delimiter in "\r\n\0" + self.quote):
            raise Fault(
                "应为一个字符（不同于引号）或 auto", "must be one character, not the quote, or auto", "delimiter"
            )
        if self.quote not in ('"', "'", "none"):
            raise Fault("应为 \"、' 或 none", "must be \", ' or none", "quote")
        if self.columns is None and self.header is False:
            raise Fault("没有列名行时必填", "is required where no line has the names", "columns")
        repeated = twice(self.columns or (), "columns")
        if repeated:
            raise Fault.all(repeated)
        return self

    @property
    def named_by_file(self) -> bool:
        return self.columns is None

    @property
    def has_header(self) -> bool:
        return self.named_by_file if self.header is None else self.header
