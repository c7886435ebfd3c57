"""What the reference server says to configurations and command lines, kept in data/.

fields.tsv: one configuration a row, as t.conf ('\\n' is a line end), with what 'nats-server -t -c t.conf'
answers. *.cases: stories of more than a line:

    === NAME
    $ ARGUMENTS             default: -t -c t.conf
    the text of t.conf
    +++ OTHER FILE
    its text
    >>> EXIT CODE [usage|version]
    what the reference prints on standard error
    <<< EXIT CODE WHY WE DIFFER
    what we print instead; without this part we must print the same

Complaints are compared without regard to their order: the reference's is random where there are several.

    recorded.py --record    asks the reference anew and writes data/ (review the difference)
"""

import concurrent.futures
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).resolve().parent / "data"
PREFIX = "nats-server: "
DEFAULT_ARGUMENTS = "-t -c t.conf"


def reference():
    return os.environ.get("DUNLIN_ORACLE") or shutil.which("nats-server")


def normal(standard_error):
    """Sorted, not counting empty lines; the program's name stands alone in front."""
    named = standard_error.startswith(PREFIX)
    lines = standard_error[len(PREFIX) if named else 0:].split("\n")
    return ([PREFIX.strip()] if named else []) + sorted(line for line in lines if line)


def ask(server, arguments, files):
    """(exit code and kind of standard output, lines of standard error)"""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        # By its own name, whatever the file is called: that is what it prints anyway.
        done = subprocess.run([server, *shlex.split(arguments)], cwd=folder, capture_output=True, text=True,
                              timeout=30, stdin=subprocess.DEVNULL, check=False)
    kind = ""
    if "Usage: nats-server" in done.stdout:
        kind = " usage"
    elif done.stdout.startswith("nats-server: v"):
        kind = " version"
    return f"{done.returncode}{kind}", normal(done.stderr)


class Case:
    def __init__(self, name):
        self.name, self.arguments, self.files = name, None, {"t.conf": []}
        self.end, self.says, self.tail = "", [], []

    def ask(self, server):
        files = {name: "".join(line + "\n" for line in text) for name, text in self.files.items()}
        return ask(server, self.arguments or DEFAULT_ARGUMENTS, files)

    def ours(self):
        """What our program must answer, as ask() gives it."""
        if not self.tail:
            return self.end, self.says
        return self.tail[0].split(" ")[1], self.tail[1:]

    def text(self):
        lines = [f"=== {self.name}"]
        if self.arguments is not None:
            lines.append(f"$ {self.arguments}")
        for name, text in self.files.items():
            lines += ([] if name == "t.conf" else [f"+++ {name}"]) + text
        return lines + [f">>> {self.end}"] + self.says + self.tail


def read_cases(path):
    """(comment lines in front, cases)"""
    head, cases, part = [], [], None
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("=== "):
            cases.append(Case(line[4:]))
            part = cases[-1].files["t.conf"]
        elif not cases:
            head.append(line)
        elif line.startswith("$ "):
            cases[-1].arguments = line[2:]
        elif line.startswith("+++ "):
            part = cases[-1].files.setdefault(line[4:], [])
        elif line.startswith(">>>"):
            cases[-1].end, part = line[4:], cases[-1].says
        elif line.startswith("<<<"):
            part = cases[-1].tail
            part.append(line)
        else:
            part.append(line)
    for case in cases:  # One empty line between cases belongs to none.
        last = case.tail or case.says or list(case.files.values())[-1]
        if last and not last[-1]:
            last.pop()
    return head, cases


def read_fields():
    rows = [line.split("\t") for line in (DATA / "fields.tsv").read_text(encoding="utf-8").splitlines()]
    return rows[0], rows[1:]


def ask_field(server, row):
    end, says = ask(server, DEFAULT_ARGUMENTS, {"t.conf": row[0].replace("\\n", "\n") + "\n"})
    if end == "0":
        return "valid"
    return "\\n".join(says[1:])


def at_once(function, items):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(function, items))


def record(server):
    for path in sorted(DATA.glob("*.cases")):
        head, cases = read_cases(path)
        for case, (end, says) in zip(cases, at_once(lambda c: c.ask(server), cases)):
            case.end, case.says = end, says
        paragraphs = ["\n".join(head).strip(), *("\n".join(case.text()) for case in cases)]
        path.write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")
    header, rows = read_fields()
    for row, says in zip(rows, at_once(lambda r: ask_field(server, r), rows)):
        row[1:2] = [says]
    lines = ["\t".join(row) for row in [header, *rows]]
    (DATA / "fields.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--record"] or not reference():
        sys.exit("usage: recorded.py --record (with the reference as $DUNLIN_ORACLE or on the PATH)")
    record(reference())
