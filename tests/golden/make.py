#!/usr/bin/env python3
"""Makes one store directory with the reference server, and a file with what its API said of it.

    make.py REFERENCE FOLDER [--cipher chacha|aes] [--kill]    # FOLDER/store, FOLDER/said.json
"""

import argparse
import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import golden_test  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--cipher", choices=("chacha", "aes"), default="")
    parser.add_argument("--kill", action="store_true", help="kill -9 instead of a clean stop")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    how = signal.SIGKILL if arguments.kill else signal.SIGTERM
    said = golden_test.make(arguments.reference, arguments.folder / "store", arguments.cipher, how)
    (arguments.folder / "said.json").write_text(json.dumps(said, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
