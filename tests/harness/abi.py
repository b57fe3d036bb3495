"""abi: what an app that was built against the SDK relies on, as lines of text: symbols of the
libraries, values of enumerators, sizes and offsets of the structs in the public headers."""
import os
import re
import subprocess
import tempfile


def exported(library):
    """The symbols that a shared library offers."""
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True,
                         text=True).stdout
    return sorted(line.split()[-1] for line in out.splitlines())


def soname(library):
    out = subprocess.run(["readelf", "-d", library], check=True, capture_output=True,
                         text=True).stdout
    return re.search(r"SONAME.*\[(.*)\]", out).group(1)


def _plain(header):
    with open(header) as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    return re.sub(r"^\s*#.*?(?<!\\)$", "", text, flags=re.M)


def _members(body):
    """The names that a struct's body declares. A function's or array's pointer: (*name)."""
    for declaration in body.split(";"):
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", declaration)
        if pointer:
            yield pointer.group(1)
        elif declaration.strip():
            for one in declaration.split(","):
                yield re.search(r"(\w+)\s*(\[[^]]*\]\s*)*$", one.strip()).group(1)


def _program(headers):
    text = "".join(_plain(h) for h in headers)
    lines = []
    for body in re.findall(r"\benum\b\s*\w*\s*\{(.*?)\}", text, re.S):
        for name in re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", body.strip()):
            lines.append('printf("enum %s %%d\\n", (int)%s);' % (name, name))
    for name, body in re.findall(r"\bstruct\s+(\w+)\s*\{(.*?)\n\}", text, re.S):
        lines.append('printf("struct %s %%zu\\n", sizeof(struct %s));' % (name, name))
        for member in _members(body):
            lines.append('printf("struct %s.%s %%zu+%%zu\\n", offsetof(struct %s, %s), '
                         "sizeof(((struct %s *)0)->%s));" % ((name, member) * 3))
    includes = "".join('#include "%s"\n' % h for h in headers)
    return "#include <stddef.h>\n#include <stdio.h>\n%sint main(void)\n{\n%s\n}\n" % (
        includes, "\n".join(lines))


def layout(headers):
    """Lines such as "struct x 16", "struct x.member 8+4", "enum X 1"."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = os.path.join(folder, "abi.c"), os.path.join(folder, "abi")
        with open(source, "w") as f:
            f.write(_program(headers))
        subprocess.run(["cc", "-std=c11", "-o", binary, source], check=True)
        return subprocess.run([binary], check=True, capture_output=True, text=True).stdout


def describe(libraries, headers):
    """All of it, as abi.txt has it."""
    lines = []
    for library in libraries:
        lines.append("library " + soname(library))
        lines += ["symbol " + name for name in exported(library)]
    return "\n".join(lines) + "\n" + layout(headers)


def broken(old, new):
    """The lines of `old` that `new` lacks, unless a library has another number."""
    numbers = [[line for line in text.splitlines() if line.startswith("library")]
               for text in (old, new)]
    if numbers[0] != numbers[1]:
        return []
    return sorted(set(old.splitlines()) - set(new.splitlines()))
