"""A plan as a file for the command line: the words of the API, with scenes and target written out."""

from __future__ import annotations

from pydantic import Field
from pydantic import field_validator

from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.certificates import NO_CERTIFICATES
from perfsvc.model.certificates import Certificates
from perfsvc.model.config import PlanConfig
from perfsvc.model.config import check_address
from perfsvc.model.scene import SceneSpec


class FileEnv(Spec, home="env"):
    """The target: base URL, headers, variables and certificates."""

    host: str = titled("目标地址", "Base URL", default="", max_length=2000)
    headers: dict[str, str] = titled("请求头", "Headers", default_factory=dict)
    variables: dict[str, str] = titled("变量", "Variables", default_factory=dict)
    secret_variables: Many[str] = titled("机密变量的名称", "Names of secret variables", default=(), max_length=1000)
    certificates: Certificates = titled("证书", "Certificates", default=NO_CERTIFICATES)

    @field_validator("host")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value:
            check_address(value)
        return value


class FileScene(SceneSpec):
    """A scene with its weight."""

    weight: int = titled("权重", "Weight", default=1, ge=1, le=1_000_000)

    def scene(self) -> SceneSpec:
        """The scene without its weight."""
        return SceneSpec.model_construct(
            self.model_fields_set - {"weight"}, **{name: getattr(self, name) for name in SceneSpec.model_fields}
        )


class PlanFile(Spec):
    """One plan."""

    name: str = titled("测试计划名称", "Name", default="perfsvc run", min_length=1, max_length=100)
    env: FileEnv = Field(default_factory=FileEnv)
    scenes: Many[FileScene] = ()
    config: PlanConfig
