"""Inputs of a start: variables, some of them secret."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from perfsvc.engine.masking import secret_values
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.planfile import FileEnv
from perfsvc.service.envs import SecretVariables
from perfsvc.service.envs import Variables
from perfsvc.service.runs.opening import RunPlan


class StartForm(Spec):
    """Variables for one run; they win over those of the environment."""

    body_optional: ClassVar[bool] = True

    variables: Variables = titled("变量", "Variables", default_factory=dict)
    secret_variables: SecretVariables = titled("机密变量的名称", "Names of secret variables", default=())

    @property
    def secrets(self) -> frozenset[str]:
        """The values that nothing may show: of variables that are marked, or whose names look like secrets."""
        return secret_values(self.variables, self.secret_variables)


def with_variables(plan: RunPlan, form: StartForm) -> RunPlan:
    """The plan with the variables of its start."""
    if not form.variables:
        return plan
    before = plan.env or FileEnv()
    env = FileEnv.model_construct(
        host=before.host,
        headers=dict(before.headers),
        variables={**before.variables, **form.variables},
        certificates=before.certificates,
    )
    return replace(plan, env=env, secrets=plan.secrets | form.secrets)
