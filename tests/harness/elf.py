"""elf: where the symbols and import slots of a 64-bit ELF file lie, for those who patch them."""
import struct

SYMTAB, RELA, DYNSYM = 2, 4, 11
LOAD = 1


class Elf:
    """symbols: {name: address}; imports: {name: [slot addresses]}; addresses count from the load
    bias."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.type, self.machine = struct.unpack_from("<HH", self.data, 16)
        self.loads = [header for header in self._program_headers() if header[0] == LOAD]
        self.sections = self._section_headers()
        self.symbols, self.imports = {}, {}
        for section in self.sections:
            if section["type"] in (SYMTAB, DYNSYM):
                self.symbols.update((name, value) for name, value, at in self._symbols(section)
                                    if at)
            if section["type"] == RELA:
                self._read_imports(section)

    def _program_headers(self):
        at, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        return [struct.unpack_from("<IIQQQQQQ", self.data, at + i * size) for i in range(count)]

    def _section_headers(self):
        at, = struct.unpack_from("<Q", self.data, 40)
        size, count = struct.unpack_from("<HH", self.data, 58)
        keys = ("name", "type", "flags", "address", "offset", "size", "link", "info", "align",
                "entry")
        return [dict(zip(keys, struct.unpack_from("<IIQQQQIIQQ", self.data, at + i * size)))
                for i in range(count)]

    def _symbols(self, section):
        """(name, value, section it is defined in or 0)"""
        names = self.sections[section["link"]]["offset"]
        for at in range(section["offset"], section["offset"] + section["size"], 24):
            name, _, _, where, value, _ = struct.unpack_from("<IBBHQQ", self.data, at)
            start = names + name
            yield self.data[start:self.data.index(b"\0", start)].decode(), value, where

    def _read_imports(self, section):
        if self.sections[section["link"]]["type"] != DYNSYM:
            return
        names = [name for name, _, _ in self._symbols(self.sections[section["link"]])]
        for at in range(section["offset"], section["offset"] + section["size"], 24):
            slot, info, _ = struct.unpack_from("<QQq", self.data, at)
            if info >> 32 and info & 0xffffffff in (6, 7, 1025, 1026):  # GLOB_DAT, JUMP_SLOT
                self.imports.setdefault(names[info >> 32], []).append(slot)

    def file_offset(self, address):
        """Where in the file the byte at that address comes from."""
        for _, _, offset, start, _, length, _, _ in self.loads:
            if start <= address < start + length:
                return offset + address - start
        raise ValueError("no byte of the file is at 0x%x" % address)
