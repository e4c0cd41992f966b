# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""libtidegate by ctypes: see tidegate(3) and tidegate.h, whose structures these are."""
import ctypes
import os

NEVER = 2**64 - 1


class Answer(ctypes.Structure):
    _fields_ = [("admitted", ctypes.c_uint32), ("shadow", ctypes.c_uint32), ("limit", ctypes.c_uint64), ("remaining", ctypes.c_uint64),
                ("reset_ns", ctypes.c_uint64), ("retry_after_ns", ctypes.c_uint64), ("window_ns", ctypes.c_uint64),
                ("delay_ns", ctypes.c_uint64), ("reserved", ctypes.c_uint64 * 4)]


class Patience(ctypes.Structure):
    _fields_ = [("max_ns", ctypes.c_uint64), ("backoff_ns", ctypes.c_uint64), ("reserved", ctypes.c_uint64 * 2)]


library = ctypes.CDLL(os.environ.get("TIDEGATE_LIBRARY", "libtidegate.so.1"))
library.tidegate_strerror.restype = ctypes.c_char_p
library.tidegate_waiting.restype = ctypes.c_uint64
_void = ctypes.c_void_p
library.tidegate_open.argtypes = ctypes.c_char_p, ctypes.POINTER(_void)
library.tidegate_charge.argtypes = _void, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(Answer)
library.tidegate_peek.argtypes = library.tidegate_charge.argtypes
library.tidegate_wait_begin.argtypes = (_void, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(Patience),
                                        ctypes.POINTER(_void))
library.tidegate_wait_try.argtypes = _void, ctypes.POINTER(Answer), ctypes.POINTER(ctypes.c_uint64)
library.tidegate_wait_end.argtypes = (ctypes.POINTER(_void),)
library.tidegate_waiting.argtypes = (_void,)


class Error(Exception):
    def __init__(self, code):
        super().__init__(library.tidegate_strerror(code).decode())
        self.errno = -code


def _check(code):
    if code < 0:
        raise Error(code)
    return code


class Tidegate:
    """May be used by many threads at once."""

    def __init__(self, state_dir=None):
        self.handle = _void()
        _check(library.tidegate_open(state_dir and os.fsencode(state_dir), ctypes.byref(self.handle)))

    def charge(self, limit, key, cost=1):
        answer = Answer()
        _check(library.tidegate_charge(self.handle, limit.encode(), key.encode(), cost, ctypes.byref(answer)))
        return answer

    def wait(self, limit, key, sleep, max_ns, backoff_ns, cost=1):
        """Charges, sleeping by sleep(seconds) as long as there is hope. None: sleep returned False, that is, gave up."""
        answer, wait, pause = Answer(), _void(), ctypes.c_uint64()
        patience = Patience(max_ns=max_ns, backoff_ns=backoff_ns)
        _check(library.tidegate_wait_begin(self.handle, limit.encode(), key.encode(), cost, ctypes.byref(patience), ctypes.byref(wait)))
        try:
            while _check(library.tidegate_wait_try(wait, ctypes.byref(answer), ctypes.byref(pause))) == 1:
                if not sleep(pause.value / 1e9 + 1e-6):
                    return None
            return answer
        finally:
            library.tidegate_wait_end(ctypes.byref(wait))

    def waiting(self):
        return library.tidegate_waiting(self.handle)
