"""Odd requests, legal and not, sent to a real server: what is not HTTP gets one answer, one line and nothing more."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.simple_server import WSGIRequestHandler
from wsgiref.simple_server import make_server as make_plain_server
from wsgiref.validate import validator

import pytest
from serving_support import TIMEOUT, Client, Running, Stream, application, running

from debugkit import DebuggedApplication
from debugkit.serving.config import Timeouts
from debugkit.serving.http.request_body import _SIZE
from debugkit.serving.log import Log
from debugkit.serving.server import make_server

#: A request that must never be seen when it stands behind one that is refused.
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"


def get(*lines: bytes, first: bytes = b"GET /x HTTP/1.1", end: bytes = b"\r\n") -> bytes:
    return end.join([first, b"Host: a", *lines, b"", b""])


def post(*lines: bytes, body: bytes = b"", first: bytes = b"POST /x HTTP/1.1") -> bytes:
    return get(*lines, first=first) + body


def chunked(body: bytes, coding: bytes = b"Transfer-Encoding: chunked") -> bytes:
    return post(coding, body=body)


#: Each is sent alone, and with the hidden request behind it.
REFUSED: dict[str, tuple[bytes, int]] = {
    # The request line (RFC 9112, 3).
    "no version": (get(first=b"GET /x"), 400),
    "a request of HTTP/0.9": (b"GET /x\r\n\r\n", 400),
    "no target": (get(first=b"GET HTTP/1.1"), 400),
    "no method": (get(first=b" /x HTTP/1.1"), 400),
    "method with a bracket": (get(first=b"G(T /x HTTP/1.1"), 400),
    "method with a colon": (get(first=b"GET: /x HTTP/1.1"), 400),
    "method beyond ASCII": (get(first=b"G\xc3\x84T /x HTTP/1.1"), 400),
    "two blanks before the target": (get(first=b"GET  /x HTTP/1.1"), 400),
    "two blanks before the version": (get(first=b"GET /x  HTTP/1.1"), 400),
    "tab before the target": (get(first=b"GET\t/x HTTP/1.1"), 400),
    "blank after the version": (get(first=b"GET /x HTTP/1.1 "), 400),
    "blank in the target": (get(first=b"GET /x y HTTP/1.1"), 400),
    "NUL in the target": (get(first=b"GET /x\0 HTTP/1.1"), 400),
    "DEL in the target": (get(first=b"GET /x\x7f HTTP/1.1"), 400),
    "blank in a target beyond ASCII": (get(first=b"GET /\xc3\xa4 \xc3\xa4 HTTP/1.1"), 400),
    "NUL in a target beyond ASCII": (get(first=b"GET /\xc3\xa4\0 HTTP/1.1"), 400),
    "version beyond ASCII": (get(first=b"GET /x HTTP/1.\xb9"), 400),
    "fragment": (get(first=b"GET /x#y HTTP/1.1"), 400),
    "relative target": (get(first=b"GET x HTTP/1.1"), 400),
    "backslash as a target": (get(first=b"GET \\x HTTP/1.1"), 400),
    "query alone": (get(first=b"GET ?x HTTP/1.1"), 400),
    "star with GET": (get(first=b"GET * HTTP/1.1"), 400),
    "authority with GET": (get(first=b"GET a:80 HTTP/1.1"), 400),
    # Methods (RFC 9110, 9.1 and 9.3.6).
    "CONNECT": (get(first=b"CONNECT a:80 HTTP/1.1"), 501),
    "CONNECT with a path": (get(first=b"CONNECT /x HTTP/1.1"), 501),
    "CONNECT with an address": (get(first=b"CONNECT http://a/x HTTP/1.1"), 501),
    "CONNECT in HTTP/1.0": (b"CONNECT a:80 HTTP/1.0\r\n\r\n", 501),
    "ftp": (get(first=b"GET ftp://a/x HTTP/1.1"), 400),
    "javascript": (get(first=b"GET javascript:x HTTP/1.1"), 400),
    "absolute without a host": (get(first=b"GET http:///x HTTP/1.1"), 400),
    "absolute with a user": (get(first=b"GET http://me@a/x HTTP/1.1"), 400),
    "absolute with a backslash": (get(first=b"GET http://a\\b/x HTTP/1.1"), 400),
    "lower-case protocol": (get(first=b"GET /x http/1.1"), 400),
    "another protocol": (get(first=b"GET /x RTSP/1.1"), 400),
    "version without a number": (get(first=b"GET /x HTTP"), 400),
    "version without a minor": (get(first=b"GET /x HTTP/1"), 400),
    "version with two digits": (get(first=b"GET /x HTTP/1.10"), 400),
    "version with a sign": (get(first=b"GET /x HTTP/+1.1"), 400),
    "HTTP/0.9": (get(first=b"GET /x HTTP/0.9"), 505),
    "HTTP/2.0": (get(first=b"GET /x HTTP/2.0"), 505),
    "HTTP/9.9": (get(first=b"GET /x HTTP/9.9"), 505),
    # Lines and headers (RFC 9112, 2.2 and 5; RFC 9110, 5).
    "line feeds only": (get(end=b"\n"), 400),
    "carriage returns in a name": (get(b"X\r: y"), 400),
    "carriage return in a value": (get(b"X: y\rZ: z"), 400),
    "line feed between headers": (get(b"X: y\nZ: z"), 400),
    "line feed after the request line": (b"GET /x HTTP/1.1\nHost: a\r\n\r\n", 400),
    "line feed before the end": (b"GET /x HTTP/1.1\r\nHost: a\n\r\n", 400),
    "carriage return twice": (b"GET /x HTTP/1.1\r\r\nHost: a\r\n\r\n", 400),
    "folded header": (get(b"X: y", b" z"), 400),
    "header folded with a tab": (get(b"X: y", b"\tz"), 400),
    "fold as the first header": (b"GET /x HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", 400),
    "blank before the colon": (get(b"X : y"), 400),
    "blank before the colon of the host": (b"GET /x HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "tab before the colon": (get(b"X\t: y"), 400),
    "blank in a name": (get(b"X Y: z"), 400),
    "name beyond ASCII": (get(b"\xc3\x84: z"), 400),
    "name with a bracket": (get(b"X(): z"), 400),
    "no name": (get(b": z"), 400),
    "no colon": (get(b"XYZ"), 400),
    "NUL in a name": (get(b"X\0: y"), 400),
    "NUL in a value": (get(b"X: y\0z"), 400),
    "bell in a value": (get(b"X: y\az"), 400),
    "escape in a value": (get(b"X: y\x1b[2J"), 400),
    "DEL in a value": (get(b"X: y\x7f"), 400),
    "vertical tab in a value": (get(b"X: y\x0bz"), 400),
    "too many headers": (get(*[b"X: y"] * 300), 431),
    "a header that is too long": (get(b"X: " + b"y" * 70_000), 431),
    "headers that are too long": (get(*[b"X: " + b"y" * 1_000] * 80), 431),
    "a target that is too long": (get(first=b"GET /" + b"x" * 40_000 + b" HTTP/1.1"), 414),
    # Hosts (RFC 9112, 3.2).
    "no host": (b"GET /x HTTP/1.1\r\n\r\n", 400),
    "two hosts": (get(b"Host: b"), 400),
    "the same host twice": (get(b"Host: a"), 400),
    "two hosts in HTTP/1.0": (get(b"Host: b", first=b"GET /x HTTP/1.0"), 400),
    "host with a blank": (b"GET /x HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "host with a slash": (b"GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "host with a user": (b"GET /x HTTP/1.1\r\nHost: me@a\r\n\r\n", 400),
    "host with markup": (b"GET /x HTTP/1.1\r\nHost: <b>\r\n\r\n", 400),
    "host with two ports": (b"GET /x HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400),
    "host with a port in words": (b"GET /x HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
    "host of three words": (b"GET /x HTTP/1.1\r\nHost: a:b:c\r\n\r\n", 400),
    "port without a host": (b"GET /x HTTP/1.1\r\nHost: :80\r\n\r\n", 400),
    "IPv6 without brackets": (b"GET /x HTTP/1.1\r\nHost: ::1\r\n\r\n", 400),
    "IPv6 with an open bracket": (b"GET /x HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    "IPv6 with a bracket too many": (b"GET /x HTTP/1.1\r\nHost: [::1]]\r\n\r\n", 400),
    "IPv6 of four colons": (b"GET /x HTTP/1.1\r\nHost: [::::]\r\n\r\n", 400),
    "IPv6 with text behind": (b"GET /x HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400),
    "brackets around a name": (b"GET /x HTTP/1.1\r\nHost: [a]\r\n\r\n", 400),
    "host with half an escape": (b"GET /x HTTP/1.1\r\nHost: a%2\r\n\r\n", 400),
    "two hosts in a list": (b"GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "wrong host in a target": (get(first=b"GET http://a:b:c/x HTTP/1.1"), 400),
    "no host but a port in a target": (get(first=b"GET http://:80/x HTTP/1.1"), 400),
    "wrong host beside a target with a right one": (b"GET http://a/x HTTP/1.1\r\nHost: a:b:c\r\n\r\n", 400),
    # Lengths (RFC 9112, 6).
    "two lengths": (post(b"Content-Length: 1", b"Content-Length: 2", body=b"ab"), 400),
    "two lengths, one of them zero": (post(b"Content-Length: 0", b"Content-Length: 40"), 400),
    "list of lengths": (post(b"Content-Length: 1, 2", body=b"ab"), 400),
    "length with a plus": (post(b"Content-Length: +1", body=b"a"), 400),
    "length with a minus": (post(b"Content-Length: -1", body=b"a"), 400),
    "length with a blank": (post(b"Content-Length: 1 0", body=b"a" * 10), 400),
    "length with an underscore": (post(b"Content-Length: 1_0", body=b"a" * 10), 400),
    "length with a point": (post(b"Content-Length: 1.0", body=b"a"), 400),
    "length in words": (post(b"Content-Length: two", body=b"ab"), 400),
    "hexadecimal length": (post(b"Content-Length: 0xA", body=b"a" * 10), 400),
    "empty length": (post(b"Content-Length:"), 400),
    "length in quotes": (post(b'Content-Length: "1"', body=b"a"), 400),
    "Arabic length": (post("Content-Length: ١".encode(), body=b"a"), 400),
    "length of 16 digits": (post(b"Content-Length: " + b"9" * 16), 413),
    "length of 19 digits": (post(b"Content-Length: %d" % sys.maxsize), 413),
    "length of 20 digits": (post(b"Content-Length: " + b"9" * 20), 413),
    "length of 21 digits": (post(b"Content-Length: " + b"9" * 21), 413),
    "length of 5,000 digits": (post(b"Content-Length: " + b"9" * 5_000), 413),
    "length before chunks": (post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "length behind chunks": (post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"), 400),
    "chunks in HTTP/1.0": (post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n", first=b"POST /x HTTP/1.0"), 400),
    # Codings: none but chunked is known here (RFC 9112, 6.1), and without it at the end, once and without parameters,
    # nobody knows where the body ends (RFC 9112, 6.3 and 7.1).
    "gzip": (chunked(b"", b"Transfer-Encoding: gzip"), 400),
    "identity": (chunked(b"", b"Transfer-Encoding: identity"), 400),
    "gzip and chunked": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked"), 501),
    "gzip and chunked in two headers": (post(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"), 501),
    "a coding with parameters, and chunked": (chunked(b"", b'Transfer-Encoding: x;a="b";c=d, chunked'), 501),
    "chunked and gzip": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked, gzip"), 400),
    "chunked and gzip in two headers": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip"), 400),
    "chunked, chunked": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked, chunked"), 400),
    "chunked, gzip, chunked": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked, gzip, chunked"), 400),
    "chunked in two headers": (
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        400,
    ),
    "identity, then chunked": (post(b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked"), 501),
    "chunked with a parameter": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked;q=1"), 400),
    "chunked in quotes": (chunked(b"0\r\n\r\n", b'Transfer-Encoding: "chunked"'), 400),
    "chunked in the quotes of another": (chunked(b"0\r\n\r\n", b'Transfer-Encoding: x;a="b, chunked"'), 400),
    "chunked without a comma": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: gzip chunked"), 400),
    "xchunked": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: xchunked"), 400),
    "empty coding": (chunked(b"0\r\n\r\n", b"Transfer-Encoding:"), 400),
    "nothing but commas as codings": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: ,,"), 400),
    "empty codings and a length": (
        post(b"Transfer-Encoding: , chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        400,
    ),
    "codings beside a line feed": (post(b"Transfer-Encoding: , chunked", b"X: y\nZ: z"), 400),
    "codings with a line feed": (post(b"Transfer-Encoding: , chunked\nX: y"), 501),
    "coding behind a vertical tab": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: \x0bchunked"), 400),
    "coding behind a fold": (post(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n"), 400),
    "coding with a blank before the colon": (chunked(b"0\r\n\r\n", b"Transfer-Encoding : chunked"), 400),
    "coding behind NUL": (chunked(b"0\r\n\r\n", b"Transfer-Encoding: \0chunked"), 400),
    # What is not HTTP at all.
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
    "NULs": (b"\0" * 100, 400),
}

#: Nothing can stand behind these.
ENDLESS: dict[str, tuple[bytes, int]] = {
    "a header": (b"GET /x HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000, 431),
    "a target": (b"GET /" + b"x" * 70_000, 414),
}

#: Broken only in the body: the application has been called, and gets an error instead of the end.
BROKEN_BODIES: dict[str, bytes] = {
    "size with a prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "size with a plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "size with a minus": b"-5\r\nhello\r\n0\r\n\r\n",
    "size with a blank before": b" 5\r\nhello\r\n0\r\n\r\n",
    "size with an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "size that is no number": b"five\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "size of 30 digits": b"0" * 30 + b"5\r\nhello\r\n0\r\n\r\n",
    "NUL in the size": b"5\0\r\nhello\r\n0\r\n\r\n",
    "line feed behind the size": b"5\nhello\r\n0\r\n\r\n",
    "line feed in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "line feed behind the chunk": b"5\r\nhello\n0\r\n\r\n",
    "carriage return behind the chunk": b"5\r\nhello\r0\r\n\r\n",
    "nothing behind the chunk": b"5\r\nhello0\r\n\r\n",
    "chunk longer than its size": b"5\r\nhello, world\r\n0\r\n\r\n",
    "chunk shorter than its size": b"7\r\nhello\r\n0\r\n\r\n",
    "extension that never ends": b"5;" + b"x" * 70_000,
    "blank behind the size": b"5 \r\nhello\r\n0\r\n\r\n",
    "extension without a name": b"5;\r\nhello\r\n0\r\n\r\n",
    "last extension without a name": b"5\r\nhello\r\n0\t;\r\n\r\n",
    "extension without a name before another": b"5;;a\r\nhello\r\n0\r\n\r\n",
    "extension without a value": b"5;a=\r\nhello\r\n0\r\n\r\n",
    "extension of a value alone": b"5;=a\r\nhello\r\n0\r\n\r\n",
    "extension of two words": b"5;a b\r\nhello\r\n0\r\n\r\n",
    "extension with two values": b"5;a=b=c\r\nhello\r\n0\r\n\r\n",
    "extension with an open quote": b'5;a="b\r\nhello\r\n0\r\n\r\n',
    "extension with text behind a quote": b'5;a="b"c\r\nhello\r\n0\r\n\r\n',
    "extension with a bracket": b"5;a=(b)\r\nhello\r\n0\r\n\r\n",
    "blank behind an extension": b"5;a \r\nhello\r\n0\r\n\r\n",
    "NUL in an extension": b"5;\0\r\nhello\r\n0\r\n\r\n",
    "carriage return in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "line feed behind a trailer": b"5\r\nhello\r\n0\r\nX: y\n\r\n",
    "line feeds behind the trailers": b"5\r\nhello\r\n0\r\nX: y\n\n\r\n",
    "line feed at the end": b"5\r\nhello\r\n0\r\n\n",
    "folded trailer": b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
    "too many trailers": b"5\r\nhello\r\n0\r\n" + b"X: yyyyyyyyyy\r\n" * 10_000,
    "trailer without a colon": b"5\r\nhello\r\n0\r\nX\r\n\r\n",
    "trailer with a blank before the colon": b"5\r\nhello\r\n0\r\nX : y\r\n\r\n",
    "trailers that never end": b"5\r\nhello\r\n0\r\nX: " + b"y" * 200_000,
}

#: Odd, but HTTP. The application sees the path /x and the body "hello", or none.
ANSWERED: dict[str, tuple[bytes, bytes]] = {
    "leading empty lines": (b"\r\n\r\n" + get(), b""),
    "a method of one's own": (get(first=b"BREW /x HTTP/1.1"), b""),
    "a method in lower case": (get(first=b"get /x HTTP/1.1"), b""),
    "a method of signs": (get(first=b"!#$%&'*+-.^_`|~ /x HTTP/1.1"), b""),
    "a higher minor version": (get(first=b"GET /x HTTP/1.9"), b""),
    "HTTP/1.0 without a host": (b"GET /x HTTP/1.0\r\n\r\n", b""),
    "an empty host": (b"GET /x HTTP/1.1\r\nHost:\r\n\r\n", b""),
    "a host with a port": (b"GET /x HTTP/1.1\r\nHost: a.b:80\r\n\r\n", b""),
    "an IPv6 host": (b"GET /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", b""),
    "a name that is no host name": (b"GET /x HTTP/1.1\r\nHost: my_app\r\n\r\n", b""),
    "an absolute target": (get(first=b"GET http://b/x HTTP/1.1"), b""),
    "an absolute target in capitals": (get(first=b"GET HTTP://B/x HTTP/1.1"), b""),
    "an escaped path": (get(first=b"GET /%78 HTTP/1.1"), b""),
    "blanks around a value": (b"GET /x HTTP/1.1\r\nHost: \t a \t \r\n\r\n", b""),
    "no blank behind the colon": (b"GET /x HTTP/1.1\r\nHost:a\r\n\r\n", b""),
    "an empty value": (get(b"X:"), b""),
    "a value beyond ASCII": (get(b"X: \xc3\xa4\xff"), b""),
    "an underscore in a name": (get(b"X_Y: z"), b""),
    "a length behind an underscore": (get(b"Content_Length: 5"), b""),
    "many headers": (get(*[b"X-%d: y" % number for number in range(150)]), b""),
    "a long target": (get(first=b"GET /x?" + b"y" * 20_000 + b" HTTP/1.1"), b""),
    "GET with a body": (get(b"Content-Length: 5") + b"hello", b"hello"),
    "a length with zeros before": (post(b"Content-Length: 0005", body=b"hello"), b"hello"),
    "the same length twice": (post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), b"hello"),
    "no length": (post(), b""),
    "one chunk": (chunked(b"5\r\nhello\r\n0\r\n\r\n"), b"hello"),
    "chunks": (chunked(b"1\r\nh\r\n4\r\nello\r\n0\r\n\r\n"), b"hello"),
    "a size with zeros before": (chunked(b"0005\r\nhello\r\n000\r\n\r\n"), b"hello"),
    "a size in capitals": (chunked(b"A;x\r\nhello\0\r\n\r\n\r\n0\r\n\r\n"), b"hello\0\r\n\r\n"),
    "a blank before an extension": (chunked(b"5 ;a\r\nhello\r\n0\t;b\r\n\r\n"), b"hello"),
    "blanks in an extension": (chunked(b"5 ; a = b ;c\r\nhello\r\n0\r\n\r\n"), b"hello"),
    "an escape in an extension": (chunked(b'5;a="b\\";c";d\r\nhello\r\n0\r\n\r\n'), b"hello"),
    "empty members of codings": (chunked(b"5\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding: ,, Chunked ,"), b"hello"),
    "an empty header of codings": (
        post(b"Transfer-Encoding:", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
        b"hello",
    ),
    "empty members of what the connection is": (get(b"Connection: , keep-alive,,"), b""),
    "empty members of what is expected": (post(b"Expect: ,", b"Content-Length: 5", body=b"hello"), b"hello"),
    "a query beyond ASCII": (get(first="GET /x?q=ü HTTP/1.1".encode()), b""),
    "an IPv6 host with a zone": (b"GET /x HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", b""),
    "an IPv6 host with an IPv4 address in it": (b"GET /x HTTP/1.1\r\nHost: [::ffff:127.0.0.1]:80\r\n\r\n", b""),
    "a host without the port behind the colon": (b"GET /x HTTP/1.1\r\nHost: a:\r\n\r\n", b""),
    "an escaped host": (b"GET /x HTTP/1.1\r\nHost: %C3%BC.test\r\n\r\n", b""),
    "extensions": (chunked(b'5;a;b=c;d="e f"\r\nhello\r\n0;g\r\n\r\n'), b"hello"),
    "trailers": (chunked(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\n\r\n"), b"hello"),
    "chunks with extensions, zeros and trailers": (
        chunked(b"1;a=b\r\nh\r\n004\r\nello\r\n0\r\nX-Sum: 1\r\n\r\n", b"Transfer-Encoding: Chunked"),
        b"hello",
    ),
    "a coding in capitals": (chunked(b"5\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding: CHUNKED"), b"hello"),
    "a coding behind a tab": (chunked(b"5\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding:\tchunked\t"), b"hello"),
    "a body that looks like a request": (post(b"Content-Length: %d" % len(HIDDEN), body=HIDDEN), HIDDEN),
    "chunks that look like a request": (chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)), HIDDEN),
}


class Calls:
    """An application that notes what it is asked, and reads the body."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bodies: list[bytes] = []

    def __call__(self, environ: dict[str, Any]) -> list[bytes]:
        self.paths.append(environ["PATH_INFO"])
        self.bodies.append(environ["wsgi.input"].read(100_000))
        return [b"ok"]


CALLS = Calls()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(application(CALLS)) as found:
        yield found


@pytest.fixture
def calls() -> Calls:
    CALLS.__init__()  # type: ignore[misc]
    return CALLS


def exchange(server: Running, data: bytes) -> tuple[bytes, str]:
    """Everything that is answered to ``data`` until the server hangs up, and what it logs meanwhile."""
    before = len(server.log)
    with server.client() as client:
        answer = client.send(data).rest()
    return answer, server.log[before:]  # written before a refusal is sent


def assert_refused(answer: bytes, log: str, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close" in head
    assert body.endswith(b".\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert log.count("\n") == 1
    assert f'" {status} ' in log


@pytest.mark.parametrize("behind", [b"", HIDDEN], ids=["alone", "with-more-behind"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_http_gets_one_answer_and_one_line(server: Running, calls: Calls, case: str, behind: bytes) -> None:
    raw, status = REFUSED[case]
    assert_refused(*exchange(server, raw + behind), status)
    assert calls.paths == []


@pytest.mark.parametrize("case", ENDLESS)
def test_what_never_ends_is_refused_at_its_limit(server: Running, calls: Calls, case: str) -> None:
    raw, status = ENDLESS[case]
    assert_refused(*exchange(server, raw), status)
    assert calls.paths == []


@pytest.mark.parametrize("case", BROKEN_BODIES)
def test_a_broken_body_is_never_the_whole_and_nothing_follows_it(server: Running, calls: Calls, case: str) -> None:
    answer, log = exchange(server, chunked(BROKEN_BODIES[case]) + HIDDEN)

    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert log.count("\n") == 1
    assert calls.paths == ["/x"]
    assert calls.bodies == []


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")  # the validator knows methods by heart
@pytest.mark.parametrize("case", ANSWERED)
def test_what_is_odd_but_http_is_answered_and_so_is_the_next(server: Running, calls: Calls, case: str) -> None:
    raw, body = ANSWERED[case]
    closes = b"HTTP/1.0" in raw
    with Client(server.port) as client:
        client.send(raw if closes else raw + get(first=b"GET /next HTTP/1.1"))
        assert [client.reply().status for _ in range(1 if closes else 2)] == ([200] if closes else [200, 200])

    assert calls.paths == (["/x"] if closes else ["/x", "/next"])
    assert calls.bodies[0] == body


def test_a_list_may_have_empty_members_and_close(server: Running) -> None:
    with server.client() as client:
        assert client.get("/x", "Connection: ,,close, ").header("Connection") == "close"
        assert client.rest() == b""


def test_a_target_beyond_ascii_gives_the_path_that_the_servers_of_the_standard_library_give(server: Running) -> None:
    paths: list[str] = []
    queries: list[bytes] = []

    def note(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        paths.append(environ["PATH_INFO"])
        queries.append(unquote_to_bytes(environ["QUERY_STRING"].encode("latin-1")))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    targets = ["/ü?q=ü".encode(), b"/\xe4?q=\xe4", "/日本/%E6%97%A5".encode(), b"http://a/\xc3\xbc"]
    with running(note) as ours, make_plain_server("127.0.0.1", 0, note, handler_class=Silent) as theirs:
        for target in targets[:3]:
            raw = get(b"Connection: close", first=b"GET %b HTTP/1.1" % target)
            assert exchange(ours, raw)[0].startswith(b"HTTP/1.1 200 ")
            with Client(theirs.server_port) as client:
                client.send(raw)
                theirs.handle_request()
                assert client.rest().startswith(b"HTTP/1.0 200 ")
        assert exchange(ours, get(b"Connection: close", first=b"GET %b HTTP/1.1" % targets[3]))[0]

    assert paths[:6:2] == paths[1:6:2] == ["/\xc3\xbc", "/\xe4", "/日本/日".encode().decode("latin-1")]
    assert paths[6] == "/\xc3\xbc"
    assert queries[:6:2] == queries[1:6:2]


class Silent(WSGIRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@pytest.mark.parametrize(
    "host", [b"/run/app.sock", b"a:b:c", b"[::1", b"unix://%2Frun%2Fapp.sock", b"a b", b"\xc3\xbc"]
)
def test_a_client_on_a_unix_socket_may_put_anything_into_host(tmp_path: Path, host: bytes) -> None:
    hosts: list[str] = []

    def note(environ: dict[str, Any]) -> list[bytes]:
        hosts.append(environ["HTTP_HOST"])
        return [b"ok"]

    path = str(tmp_path / "s")
    log = Log(Stream(), environ={})
    with (
        make_server(f"unix:{path}", 0, DebuggedApplication(validator(application(note)), pin_logging=False), log=log),
        socket.socket(socket.AF_UNIX) as sock,
    ):
        sock.settimeout(TIMEOUT)
        sock.connect(path)
        sock.sendall(b"GET /x HTTP/1.1\r\nConnection: close\r\nHost: %b\r\n\r\n" % host)
        assert sock.recv(1_000).startswith(b"HTTP/1.1 200 ")

    assert hosts == [host.decode("latin-1")]


def test_a_long_line_of_extensions_is_read_in_one_go() -> None:
    """Many ways to take the same blanks and quotes apart would keep the server busy for ever (a hang, not a ratio)."""
    for piece in (b"; a = b", b';a="b\\"c"', b" \t", b";a", b'"', b'\\"'):
        assert _SIZE.fullmatch(b"5;a" + piece * 2_000 + b"\0") is None


def test_two_paths_at_the_start_stay_a_path(server: Running, calls: Calls) -> None:
    with server.client() as client:
        client.send(get(first=b"GET //evil.test/x HTTP/1.1")).reply()
        client.send(get(first=b"GET http://a//evil.test/x HTTP/1.1")).reply()
    assert calls.paths == ["//evil.test/x", "//evil.test/x"]


def test_a_client_that_speaks_tls_is_explained_in_the_log(server: Running) -> None:
    _, log = exchange(server, REFUSED["TLS"][0])
    assert "open it with http://" in log


def test_what_was_wrong_is_said_without_the_bytes_that_were() -> None:
    with running(application([b"ok"])) as server:
        answer, log = exchange(server, get(b"Cookie: session=secret\x0b"))
    assert b"illegal header line.\n" in answer
    assert b"secret" not in answer
    assert "secret" not in log


def test_a_client_that_sends_only_line_feeds_is_not_listened_to_forever() -> None:
    with running(application([b"ok"]), timeouts=Timeouts(idle=0.05)) as server, server.client() as client:
        with pytest.raises(OSError):
            while True:
                client.send(b"\r\n" * 1_000)
    assert server.log == ""
