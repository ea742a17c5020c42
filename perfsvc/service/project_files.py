"""A project's environments, scenes, plans, presets and data files as one YAML file: written, and read into a project.

What has the same name is replaced; nothing is ever deleted. Secrets are written as ``******``, which keeps the stored
value when it is read, or takes that of the project which the file was copied from. Data files are listed with size and
checksum; the content of small ones is written where that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from typing import ClassVar

import yaml

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.event_loop import off_loop
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import FileContent
from perfsvc.model.entities import User
from perfsvc.model.plan_text import document_of
from perfsvc.model.plan_text import text_of
from perfsvc.model.project_file import LARGEST_CONTENT
from perfsvc.model.project_file import LARGEST_TEXT
from perfsvc.model.project_file import ProjectFile
from perfsvc.model.project_file import as_project
from perfsvc.model.scene import SceneSpec
from perfsvc.model.text_faults import text_fault
from perfsvc.service.data.datafiles import DataFiles
from perfsvc.service.envs import Envs
from perfsvc.service.fields import Id
from perfsvc.service.file_readings import FileReadings
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.project_document import MOST_CONTENT
from perfsvc.service.project_document import ExportQuery
from perfsvc.service.project_document import Stored
from perfsvc.service.project_document import content_document
from perfsvc.service.project_document import refuse_long
from perfsvc.service.project_import import Imported
from perfsvc.service.project_import import Projects
from perfsvc.service.project_import import Taker
from perfsvc.service.scene_secrets import SceneSecrets
from perfsvc.store.database import Store
from perfsvc.store.database import writes


class ImportForm(Spec):
    """A file to be read. ``dry_run`` only says what would change.

    ``source_project_id`` is the project that the file was exported from: what is ``******`` in the file is taken from
    there.
    """

    largest_json: ClassVar[int] = 10_485_760
    """Bytes of the JSON body: a file holds contents of data files."""

    text: str = titled("文件内容", "Text of the file", min_length=1, max_length=LARGEST_TEXT)
    dry_run: bool = titled("仅预览", "Change nothing", default=False)
    source_project_id: Id | None = titled("来源项目ID", "Id of the project it comes from", default=None)


class ProjectFiles:
    """Writes and reads the files of projects. ``check_scene`` raises InvalidInput for steps that do not compile."""

    def __init__(
        self,
        store: Store,
        envs_of: Envs,
        files: DataFiles,
        secrets: tuple[PlanSecrets, SceneSecrets],
        check_scene: Callable[[SceneSpec], None],
    ) -> None:
        self._store = store
        self._envs = envs_of
        self._files = files
        self._secrets = secrets
        self._check_scene = check_scene

    async def export(self, project_id: int, chosen: ExportQuery) -> str:
        """The file of a project or of a part of it. Raise NotFound, InvalidInput for more than an import takes."""
        stored = await self._store.run(Stored.chosen, project_id, chosen)
        readings = await FileReadings.of(self._store, project_id) if chosen.with_files == "1" else None
        return await off_loop(self._written, stored, chosen, readings)

    def _written(self, stored: Stored, chosen: ExportQuery, readings: FileReadings | None) -> str:
        document = stored.exported(chosen)
        if readings is not None:
            document["files"] = self._with_contents(stored, readings, document["files"])
        text = text_of({key: part for key, part in document.items() if part})
        refuse_long(text)
        return text

    def _with_contents(
        self, stored: Stored, readings: FileReadings, listed: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The small files with their contents, as long as all of them are not too long."""
        left, found = MOST_CONTENT, []
        for each in listed:
            content: dict[str, str] = {}
            file = stored.files[each["name"]]
            if each["size"] <= min(left, LARGEST_CONTENT) and readings.public(file):
                with suppress(FileNotFoundError):  # it was replaced meanwhile: listed only
                    content = content_document(self._files.stored_path(file))
                    left -= each["size"]
            found.append({**each, **content})
        return found

    async def read(self, user: User, project_id: int, form: ImportForm, language: str) -> list[Imported]:
        """Take a file over into a project, all of it or nothing. Raise InvalidInput.

        A default environment that has to be made is named in ``language``.
        """
        file = await off_loop(self._parsed, form.text)
        if form.dry_run:
            return (await self._store.run(self._take, (user, language), project_id, file, form, None))[0]
        projects = await self._store.run(self._projects, project_id, form)
        async with self._files.stored_contents(projects.new_contents(file)) as contents:
            imported, replaced = await self._store.run(self._take, (user, language), project_id, file, form, contents)
        for name in replaced:
            await self._files.discard(name)
        return imported

    def _parsed(self, text: str) -> ProjectFile:
        try:
            document = document_of(text, "")
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise _undecodable(text, error) from None
        if not isinstance(document, dict):
            raise InvalidInput.at("text", "应为对象", "must be an object")
        file = ProjectFile.parse(as_project(document))
        problems = [
            Problem(f"scenes[{number}].{problem.path}", problem.text)
            for number, scene in enumerate(file.scenes)
            for problem in self._problems_of(scene.scene())
        ]
        if problems:
            raise InvalidInput(problems)
        return file

    def _problems_of(self, scene: SceneSpec) -> list[Problem]:
        try:
            self._check_scene(scene)
        except InvalidInput as error:
            return error.problems
        return []

    @staticmethod
    def _projects(project_id: int, form: ImportForm) -> Projects:
        stored = Stored.of(project_id)
        return Projects(stored, stored if form.source_project_id is None else Stored.of(form.source_project_id))

    @writes
    def _take(
        self,
        author: tuple[User, str],
        project_id: int,
        file: ProjectFile,
        form: ImportForm,
        contents: Mapping[str, FileContent] | None,
    ) -> tuple[list[Imported], list[str]]:
        projects = self._projects(project_id, form)
        taker = Taker(self._envs, self._secrets, author, project_id, projects, contents)
        return taker.take(file), taker.replaced


def _undecodable(text: str, error: Exception) -> InvalidInput:
    return InvalidInput.at("text", *text_fault(text, error).of_kind("YAML"))
