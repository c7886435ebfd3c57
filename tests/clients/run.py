#!/usr/bin/env python3
"""Clients from package registries against a server: nats-py, @nats-io/transport-node, libnats.

    tests/clients/run.py SERVER_BINARY [python] [node] [c]

Prints TAP; each test is named 'tests/clients/LANGUAGE/FILE::test'. What the clients need is installed below
build/clients, in the versions that requirements.txt and package-lock.json name.
"""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import harness  # noqa: E402

CACHE = HERE.parents[1] / "build" / "clients"


def quietly(command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} exited {done.returncode}\n{done.stdout[-2000:]}")


def fresh(stamp, source):
    """Whether what was installed is of this very list of versions."""
    return stamp.exists() and stamp.read_bytes() == source.read_bytes()


def python_program():
    venv, wanted = CACHE / "venv", HERE / "python/requirements.txt"
    stamp = venv / "installed"
    if not fresh(stamp, wanted):
        shutil.rmtree(venv, ignore_errors=True)
        quietly([sys.executable, "-m", "venv", venv])
        quietly([venv / "bin/pip", "install", "--quiet", "-r", wanted])
        shutil.copy(wanted, stamp)
    return [venv / "bin/python", HERE / "python/core.py"]


def node_program():
    folder, wanted = CACHE / "node", HERE / "node/package-lock.json"
    stamp = folder / "installed"
    if not fresh(stamp, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / "node" / name, folder)
        quietly(["npm", "ci", "--silent"], cwd=folder)
        shutil.copy(wanted, stamp)
    for script in (HERE / "node").glob("*.mjs"):  # Modules are looked for beside the script.
        shutil.copy(script, folder)
    return ["node", folder / "core.mjs"]


def c_program():
    CACHE.mkdir(parents=True, exist_ok=True)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libnats"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    quietly(["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-o", CACHE / "core_c",
             HERE / "c/core.c", *flags, "-pthread"])
    return [CACHE / "core_c"]


LANGUAGES = {"python": (python_program, "python/core.py"), "node": (node_program, "node/core.mjs"),
             "c": (c_program, "c/core.c")}


def named(text, source):
    """The TAP lines of one program, under its path; its plan is kept or a failure of its own."""
    lines, planned = [], None
    for line in text.splitlines():
        if line.startswith(("ok - ", "not ok - ")):
            status, _, name = line.partition(" - ")
            lines.append(f"{status} - {source}::{name}")
        elif line.startswith("1.."):
            planned = int(line[3:])
        else:
            print(f"# {line}")
    if planned != len(lines):
        lines.append(f"not ok - {source}::plan # {planned} planned, {len(lines)} ran")
    return lines


def main(argv):
    if not argv:
        sys.exit(__doc__)
    binary, wanted = argv[0], argv[1:] or list(LANGUAGES)
    failed = False
    for language in wanted:
        prepare, source = LANGUAGES[language]
        try:
            text = harness.run_program(binary, [str(x) for x in prepare()], dict(os.environ))
        except (RuntimeError, OSError, subprocess.CalledProcessError) as trouble:
            text = "not ok - starts # " + str(trouble).replace("\n", " | ") + "\n"
        for line in named(text, f"tests/clients/{source}"):
            failed |= line.startswith("not ok")
            print(line, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
