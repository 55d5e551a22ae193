#!/usr/bin/env python3
"""Wrong inputs and what is said of them.

    run.py PFCTL [--update]

messages.txt holds cases: a line "> INPUT" (\\n for a newline in it, \\0 for a
NUL), then the lines that pfctl -n prints on stderr. Every case must be refused
with exit status 1 and print nothing on stdout. With --update the messages are
written anew, to be read before they are committed.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "messages.txt")
FACTS = os.path.join(HERE, "../pairs/facts.txt")


def cases():
    comments, text, lines = [], None, []
    with open(FILE) as f:
        for line in f.read().split("\n"):
            if line.startswith("> ") or line.startswith("# "):
                if text is not None:
                    yield comments, text, lines
                    comments, text, lines = [], None, []
                if line.startswith("> "):
                    text = line[2:]
                else:
                    comments.append(line)
            elif line:
                lines.append(line)
    if text is not None:
        yield comments, text, lines


def refuse(pfctl, text):
    data = text.replace("\\n", "\n").replace("\\0", "\0") + "\n"
    p = subprocess.run(
        [pfctl, "--facts", FACTS, "-o", "none", "-n", "-f", "-"],
        input=data.encode(), cwd=HERE, capture_output=True)
    err = p.stderr.decode()
    return p.returncode, p.stdout.decode(), [s for s in err.split("\n") if s]


def main():
    pfctl = os.path.abspath(sys.argv[1])
    update = "--update" in sys.argv
    passed = failed = 0
    out = []
    for comments, text, want in cases():
        rc, stdout, got = refuse(pfctl, text)
        out += comments + ["> " + text] + got
        if rc == 1 and stdout == "" and got and (update or got == want):
            passed += 1
            continue
        failed += 1
        print("FAIL", text, "(exit %d)" % rc)
        print("  expected", want)
        print("  got     ", got, stdout)
    if update:
        with open(FILE, "w") as f:
            f.write("\n".join(out) + "\n")
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or passed == 0 else 0)


main()
