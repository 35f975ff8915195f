"""Run a program that would listen on every network, so that only chosen sockets reach it.

Orthanc listens on all addresses and cannot be told otherwise. In a network namespace of its own it
has no network at all, and this module, which runs there too, passes on what arrives at sockets that
its starter opened outside. It needs nothing but the standard library, util-linux and Linux.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SET_INTERFACE_FLAGS = 0x8914  # SIOCSIFFLAGS of <linux/sockios.h>
UP_AND_RUNNING = 0x1 | 0x40  # IFF_UP, IFF_RUNNING of <linux/if.h>
CHUNK = 1 << 16


def start_in_private_network(
    command: Sequence[str], sockets: Mapping[int, socket.socket], log: Path
) -> subprocess.Popen[bytes]:
    """Start a program without a network; it ends when the returned process's stdin is closed.

    Args:
        command: program and arguments.
        sockets: listening sockets outside, by the port that the program listens on inside.
        log: file for what the program says.

    Raises:
        FileNotFoundError: util-linux is missing.
        OSError: this system allows no private network.
    """
    doors = [f"{one.fileno()}:{port}" for port, one in sockets.items()]
    with log.open("wb") as file:
        return subprocess.Popen(
            [*unshare(), sys.executable, __file__, ",".join(doors), *command],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            pass_fds=[one.fileno() for one in sockets.values()],
            # Ctrl-C is for the starter, which then closes stdin
            start_new_session=True,
        )


def unshare() -> list[str]:
    """Return the command that runs what follows it in a network of its own.

    Raises:
        FileNotFoundError: util-linux is missing.
        OSError: this system allows no private network.
    """
    for tool in ("unshare", "setpriv"):
        if shutil.which(tool) is None:
            raise FileNotFoundError(f"{tool} is not installed (Debian package util-linux)")
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        raise OSError(
            "this system allows no network namespace (unshare --net), without which Orthanc "
            "would listen on every network"
        )
    return command


async def _run(doors: Sequence[str], command: Sequence[str]) -> None:
    """Pass on until the program ends or the starter is gone."""
    _raise_loopback()
    # setpriv: nothing stays behind, even if this process is killed
    program = await asyncio.create_subprocess_exec(
        "setpriv", "--pdeathsig", "KILL", *command, stdin=asyncio.subprocess.DEVNULL
    )
    servers = [await _open(*map(int, door.split(":"))) for door in doors]
    starter = asyncio.to_thread(sys.stdin.buffer.read)
    ends = [asyncio.ensure_future(starter), asyncio.ensure_future(program.wait())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.close()
    if program.returncode is None:
        program.kill()  # its folder is temporary: nothing to save
        await program.wait()


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = struct.pack("16sh14x", b"lo", UP_AND_RUNNING)
        fcntl.ioctl(any_socket, SET_INTERFACE_FLAGS, flags)


async def _open(descriptor: int, port: int) -> asyncio.Server:
    """Pass on what arrives at a socket from outside to a port inside."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:  # the program does not listen yet
            writer.transport.abort()
            return
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

    return await asyncio.start_server(pass_on, sock=socket.socket(fileno=descriptor))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        writer.transport.abort()
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1].split(","), sys.argv[2:]))
    os._exit(0)  # the thread that reads stdin may still wait
