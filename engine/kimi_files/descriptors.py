"""Opening what stands below a folder by descriptor, so that no link swapped in meanwhile can lead elsewhere."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from pathlib import Path, PurePath

_OPENAT2 = 437
_RESOLVE_NO_SYMLINKS = 0x04  # implies NO_MAGICLINKS
_RESOLVE_BENEATH = 0x08
# O_NONBLOCK: a FIFO or a device must not hold the caller up before its kind is known.
_FILE_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)


if sys.platform != "win32":

    def open_beneath(folder: Path, relative: PurePath, *, as_folder: bool = False) -> int:
        """A descriptor for ``folder / relative``, both resolved beforehand: any link met on the way is an error.

        With ``as_folder`` the descriptor is one to list. Blocking. Raises OSError: ELOOP, ENOTDIR or EXDEV where a
        link stands in the way.
        """
        if sys.platform == "linux":
            try:
                return open_by_openat2(folder, relative, as_folder=as_folder)
            except OSError as error:
                # Kernels before 5.6 do not know the call; some containers forbid it.
                if error.errno not in (errno.ENOSYS, errno.EPERM):
                    raise
        return open_by_walk(folder, relative, as_folder=as_folder)

    def open_by_openat2(folder: Path, relative: PurePath, *, as_folder: bool = False) -> int:
        """``open_beneath`` by Linux's own call for it."""
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
        root = _openat2(-100, os.fsencode(folder), flags | getattr(os, "O_PATH", 0), _RESOLVE_NO_SYMLINKS)
        try:
            resolve = _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS
            return _openat2(root, os.fsencode(relative), flags if as_folder else _FILE_FLAGS, resolve)
        finally:
            os.close(root)

    def open_by_walk(folder: Path, relative: PurePath, *, as_folder: bool = False) -> int:
        """``open_beneath`` by opening one component after the other."""
        through = os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
        here = os.open(folder, through)
        try:
            for name in relative.parts[:-1]:
                inner = os.open(name, through, dir_fd=here)
                os.close(here)
                here = inner
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY if as_folder else _FILE_FLAGS
            return os.open(relative.name or ".", flags | os.O_NOFOLLOW, dir_fd=here)
        finally:
            os.close(here)

    class _OpenHow(ctypes.Structure):
        _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))

    @functools.cache
    def _libc() -> ctypes.CDLL:
        library = ctypes.CDLL(None, use_errno=True)
        library.syscall.restype = ctypes.c_long
        return library

    def _openat2(folder: int, path: bytes, flags: int, resolve: int) -> int:
        how = _OpenHow(flags, 0, resolve)
        call = (ctypes.c_long(_OPENAT2), ctypes.c_int(folder), ctypes.c_char_p(path), ctypes.byref(how))
        descriptor: int = _libc().syscall(*call, ctypes.c_size_t(ctypes.sizeof(how)))
        if descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return descriptor


else:

    def open_beneath(folder: Path, relative: PurePath) -> int:
        """A descriptor for ``folder / relative``: Windows tells, after the opening, what was opened. Raises OSError."""
        import msvcrt

        descriptor = os.open(folder / relative, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)
        buffer = ctypes.create_unicode_buffer(32_768)
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(descriptor))
        length = ctypes.windll.kernel32.GetFinalPathNameByHandleW(handle, buffer, len(buffer), 0)
        final = buffer.value.replace("\\\\?\\UNC\\", "\\\\", 1).removeprefix("\\\\?\\")
        if not 0 < length < len(buffer) or Path(final) != folder / relative:
            os.close(descriptor)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return descriptor
