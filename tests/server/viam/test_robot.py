"""Viam's robot service: resources and state."""

from __future__ import annotations

import asyncio

from viam.proto.robot import GetMachineStatusRequest, RobotServiceStub

from ..served import Served
from .clients import asked, connected, port_of


def test_a_client_finds_cameras_and_services_but_no_private_ones(served: Served) -> None:
    async def main() -> set[str]:
        async with connected(port_of(served)) as robot:
            assert (await robot.get_version()).version.startswith("camweave ")
            assert await robot.get_operations() == []
            await robot.stop_all()
            return {str(name) for name in robot.resource_names}

    assert asyncio.run(main()) == {
        *(f"rdk:component:camera/{name}" for name in ("still", "seen", "gone", "lens")),
        *(f"rdk:service:vision/{name}" for name in ("names", "boxes")),
    }


def test_the_machine_is_running(served: Served) -> None:
    status = asked(served, lambda there: RobotServiceStub(there.channel).GetMachineStatus(GetMachineStatusRequest()))
    assert status.state == status.State.STATE_RUNNING
    assert {resource.name.name for resource in status.resources} >= {"still", "names"}
