"""The documents and the dashboard name the metrics and labels that the server has, and Prometheus can read them."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline import Graph, parse
from server.core import open_backend
from server.metrics import families
from streams import EncoderPool

from .documents import DOCS, ROOT, table

DASHBOARD = ROOT / "contrib" / "grafana.json"
PARTS = re.compile("_(bucket|count|sum)$")


@cache
def labels_of() -> dict[str, set[str]]:
    """Return the labels of every metric, with samples or without, by its name in the text format."""

    async def found() -> dict[str, set[str]]:
        graph = Graph(parse("cameras: [{name: scene, model: test_pattern}]", "test.yaml", Path()))
        backend = open_backend(graph, EncoderPool())
        suffixes = {"counter": "_total", "info": "_info"}
        try:
            return {
                each.name + suffixes.get(each.kind, ""): {*each.labels, *(["le"] if each.kind == "histogram" else [])}
                for each in families(backend)
            }
        finally:
            backend.close()
            graph.close()

    return asyncio.run(found())


def test_the_documents_list_every_metric() -> None:
    rows = table("http.md", "metric")
    told = {name: set(re.findall(r"`(\w+)`", rest.split("|")[0])) for name, rest in rows.items()}
    assert told == {name: labels - {"le"} for name, labels in labels_of().items()}


def expressions() -> list[str]:
    """Return every expression of the dashboard and of the documents."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [*asked, *table("deployment.md", "condition")]


def test_the_dashboard_and_the_documents_ask_for_metrics_and_labels_that_exist() -> None:
    names: dict[str, set[str]] = {}
    for name, labels in labels_of().items():
        names |= {name + part: labels for part in (("_bucket", "_count", "_sum") if "le" in labels else ("",))}
    asked = set()
    for expression in expressions():
        for name, selector in re.findall(r"\b(camweave_\w+)(?:\{([^}]*)\})?", expression):
            asked.add(name)
            assert name in names, expression
            assert set(re.findall(r'(\w+)[=!]~?"', selector)) <= {*names[name], "instance"}, expression
    shown = {PARTS.sub("", name) for name in asked}
    assert labels_of().keys() - shown == {
        "camweave_process_virtual_memory_bytes",
        "camweave_process_start_time_seconds",
    }


def promtool(*arguments: str) -> str:
    """Run promtool; return what it says."""
    command = shutil.which("promtool")
    if command is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_configuration(tmp_path: Path) -> None:
    document = (DOCS / "deployment.md").read_text()
    (config,) = re.findall(r"^```yml\n(# prometheus.*?)^```", document, re.MULTILINE | re.DOTALL)
    (tmp_path / "token").write_text("a-token")
    configured = tmp_path / "prometheus.yml"
    configured.write_text(config.replace("/etc/prometheus/camweave-token", str(tmp_path / "token")))
    assert "is valid prometheus config file syntax" in promtool("check", "config", str(configured))


def test_prometheus_takes_every_expression(tmp_path: Path) -> None:
    asked = [each.replace("$__rate_interval", "5m") for each in expressions()]
    rules: list[dict[str, Any]] = [{"record": f"asked:{number}", "expr": each} for number, each in enumerate(asked)]
    written = tmp_path / "rules.yml"
    written.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", str(written))
