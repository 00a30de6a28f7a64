"""The process that starts functions: small, alone, and gone when its parent is.

Run as a program by `sandbox.executor.launcher`; standard library only, since it runs without any packages.

Theory of operation. Forking from a server with many threads is slow and unsafe, so the server asks this
process, over a socket, to do it. Where the kernel allows it, the process first moves into a mount and a
process namespace of its own (a user namespace too, unless it is root) and builds a root directory out of
binds of the real one, in which /var/task, /var/runtime, /code and /opt exist. It is process 1 of that
namespace: when it ends, the kernel kills everything that any function has started, however often that has
forked and whatever sessions it has opened. Each function then gets a mount namespace of its own with a small
/tmp in memory and its code and layers, read-only, at the paths of the cloud.

Wire: one message of JSON each way on a SOCK_SEQPACKET socket, with the descriptors of the child's standard
input, output and error, of its log frames, and of a pipe for its end. The answer has the process id as the
parent sees it, or an error. When the child ends, its wait status is written to the pipe as decimal text.
"""

# This runs between fork and exec, where the plain calls say what happens.
# ruff: noqa: PTH102, PTH103, PTH115, PTH211
import contextlib
import ctypes
import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any, NoReturn

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]
LIBC.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_SLAVE = 1, 32, 4096, 16384, 1 << 19
MS_UNBINDABLE = 1 << 17
MS_RELATIME, ST_RELATIME = 1 << 21, 4096
MS_GUARDED = 2 | 4 | 8  # nosuid, nodev, noexec
MS_KEPT = 2 | 4 | 8 | 1024 | 2048  # nosuid, nodev, noexec, noatime, nodiratime: equal in statvfs(3)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
MADE = ("code", "opt", "tmp", "var")
MAX_PROCESSES = 4096  # of all functions together: a fork bomb ends here
LARGEST_MESSAGE = 1 << 20


def failed(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")


def mount(source: str, target: str, flags: int, *, kind: str = "", options: str = "") -> None:
    """Mount; raises OSError that names the target."""
    if LIBC.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()) != 0:
        raise failed(f"mount on {target}")


def unshare(flags: int) -> None:
    if LIBC.unshare(flags) != 0:
        raise failed("unshare")


def die_with(parent: int) -> None:
    """Be killed when the parent ends. After `unshare`: a change of credentials takes the wish away."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def write_file(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


# ------------------------------------------------------------------------------------------------ namespaces


def leave(root: str) -> None:
    """Leave the namespaces of the parent and build the new root. Raises OSError where the kernel refuses."""
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWNS | CLONE_NEWPID | (CLONE_NEWUSER if user else 0))
    if user:
        write_file("/proc/self/setgroups", "deny")
        write_file("/proc/self/uid_map", f"{user} {user} 1")
        write_file("/proc/self/gid_map", f"{group} {group} 1")
    build_root(root)


def probe(root: str) -> None:
    """Try it in a process that ends at once, so that a refusal leaves nothing half done. Raises OSError."""
    child = os.fork()
    if child == 0:
        try:
            leave(root)
        except OSError as exc:
            os._exit(exc.errno or errno.EPERM)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise OSError(code, os.strerror(code))


def enclose(server: int, root: str, link: socket.socket) -> int:
    """Become process 1 of namespaces of our own; the process that came in stays behind and waits.

    Returns a descriptor of the parent's /proc. Raises OSError where the kernel refuses.
    """
    leave(root)
    die_with(server)
    inner = os.fork()
    if inner:
        link.close()
        os.waitpid(inner, 0)
        os._exit(0)
    # The parent has another number outside, and in here it is 0 while it lives.
    die_with(0)
    os.chroot(root)
    os.chdir("/")
    mount("none", "/", MS_REMOUNT | MS_BIND | MS_RDONLY)
    outside = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    # Refused inside some containers; a function then sees the numbers of the outside there.
    with contextlib.suppress(OSError):
        mount("proc", "/proc", MS_GUARDED, kind="proc")
    return outside


def build_root(root: str) -> None:
    """Bind the real root's entries into a new one, with room for the paths of the clouds."""
    mount("none", "/", MS_REC | MS_SLAVE)
    mount("sandbox", root, 0, kind="tmpfs", options="size=1m,mode=755")
    mount("none", root, MS_UNBINDABLE)  # or the bind of /tmp would take it along
    for name in MADE:
        os.mkdir(f"{root}/{name}")
    for name in ("task", "runtime"):
        os.mkdir(f"{root}/var/{name}")
    copy_entries("/", root, skip={"var"})
    copy_entries("/var", f"{root}/var", skip=set())


def copy_entries(source: str, target: str, skip: set[str]) -> None:
    for entry in list(os.scandir(source)):
        there = f"{target}/{entry.name}"
        if entry.name in skip:
            continue
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), there)
        elif entry.is_dir():
            with contextlib.suppress(FileExistsError):
                os.mkdir(there)
            # A place that we may not enter, such as lost+found, is of no use to a function either.
            with contextlib.suppress(PermissionError):
                mount(entry.path, there, MS_BIND | MS_REC)


def show(source: str, target: str) -> None:
    """Bind a directory read-only."""
    mount(source, target, MS_BIND | MS_REC)
    found = os.statvfs(target).f_flag
    kept = found & MS_KEPT | (MS_RELATIME if found & ST_RELATIME else 0)
    mount("none", target, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def furnish(order: dict[str, Any]) -> None:
    """Give the child its own view: code and layers at their paths, and an empty /tmp in memory."""
    unshare(CLONE_NEWNS)
    for target, source in order["mounts"]:
        show(source, target)
    kept = [(path, os.open(path, os.O_PATH)) for path in order["keep"]]
    mount("sandbox", "/tmp", 0, kind="tmpfs", options=f"size={order['tmp_mb']}m,mode=1777")  # noqa: S108
    for path, fd in kept:
        os.makedirs(path, exist_ok=True)
        mount(f"/proc/self/fd/{fd}", path, MS_BIND | MS_REC)


# --------------------------------------------------------------------------------------------------- children


def become(order: dict[str, Any], fds: list[int], report: int, *, outside: int, private: bool) -> NoReturn:
    """In the child: turn into the function's process. What goes wrong is written to `report`."""
    try:
        os.setsid()
        # Read in the parent's /proc, this is the number that the parent knows.
        os.write(report, os.readlink("self", dir_fd=outside).encode() + b"\n")
        if private:
            furnish(order)
        place = os.readlink("self/ns/mnt", dir_fd=outside) if private else ""
        os.write(report, place.encode() + b"\n")
        die_with(order["nursery"])
        os.chdir(order["cwd"])
        limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, order["files"])]
        if private:
            limits.append((resource.RLIMIT_NPROC, MAX_PROCESSES))
        else:
            limits.append((resource.RLIMIT_FSIZE, order["tmp_mb"] << 20))
        for kind, wish in limits:
            most = resource.getrlimit(kind)[1]
            value = wish if most == resource.RLIM_INFINITY else min(wish, most)
            resource.setrlimit(kind, (value, value))
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        report = rearrange(fds, report)
        os.execvpe(order["argv"][0], order["argv"], order["env"])  # noqa: S606
    except OSError as exc:
        os.write(report, f"{exc.errno} {exc.strerror}".encode())
    os._exit(127)


def rearrange(fds: list[int], report: int) -> int:
    """Put the descriptors at 0 to 3 and the report, closed by the exec, at 4; close all others."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (*fds, report)]
    for number, fd in enumerate(high):
        os.dup2(fd, number, inheritable=number != len(fds))
    os.closerange(len(high), 1 << 16)
    return len(fds)


class Nursery:
    """Serves orders until the socket ends."""

    def __init__(self, link: socket.socket, *, outside: int, private: bool) -> None:
        self._link = link
        self._outside = outside
        self._private = private
        self._ends: dict[int, int] = {}
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(woken, False)
        self._woken = woken
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        while True:
            link = self._link.fileno()
            ready, _, _ = select.select([link, self._woken], [], [])
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
                self._reap()
            if link in ready:
                text, fds, _, _ = socket.recv_fds(self._link, LARGEST_MESSAGE, 5)
                if not text:
                    return
                self._link.send(json.dumps(self._start(json.loads(text), list(fds))).encode())

    def _start(self, order: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        order["nursery"] = os.getpid()
        end = fds.pop()
        heard, report = os.pipe()
        child = os.fork()
        if child == 0:
            become(order, fds, report, outside=self._outside, private=self._private)
        os.close(report)
        for fd in fds:
            os.close(fd)
        said = b""
        while piece := os.read(heard, 4096):
            said += piece
        os.close(heard)
        # Its number, its mount namespace, and then only what went wrong.
        lines = said.decode().split("\n", 2)
        if len(lines) < 3 or lines[2]:
            os.close(end)
            return {"error": lines[-1] or "5 the new process ended at once"}
        self._ends[child] = end
        return {"pid": int(lines[0]), "place": lines[1]}

    def _reap(self) -> None:
        while True:
            try:
                child, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if child == 0:
                return
            # Others are what a function left behind: they came to us when it ended.
            if (end := self._ends.pop(child, None)) is not None:
                with contextlib.suppress(OSError):
                    os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(end)


def main() -> None:
    """Arguments: the socket's descriptor, the server's process id, an empty directory for the new root."""
    link = socket.socket(fileno=int(sys.argv[1]))
    server, root = int(sys.argv[2]), sys.argv[3]
    die_with(server)
    refused = None
    try:
        probe(root)
        outside = enclose(server, root, link)
    except OSError as exc:
        refused = str(exc.strerror)
        outside = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    link.send(json.dumps({"refused": refused}).encode())
    Nursery(link, outside=outside, private=refused is None).serve()


if __name__ == "__main__":
    main()
