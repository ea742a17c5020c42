"""Files that reflection collects: how many, how large, in which order."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from perfsvc_protocols.grpc.descriptors import MAX_BYTES
from perfsvc_protocols.grpc.descriptors import MAX_FILES
from perfsvc_protocols.grpc.descriptors import Descriptors
from perfsvc_protocols.grpc.failures import Failed


def file(name: str, *imports: str, package: str = "") -> bytes:
    return FileDescriptorProto(name=name, package=package, dependency=imports).SerializeToString()


def names(files: Descriptors) -> list[str]:
    return [FileDescriptorProto.FromString(data).name for data in files.ordered()]


def test_each_file_follows_those_it_imports() -> None:
    files = Descriptors()
    files.add([file("a", "b", "c"), file("c", "d"), file("b", "d")])
    assert files.missing == "d"
    files.add([file("d")])
    assert (files.missing, len(files), names(files)) == (None, 4, ["d", "b", "c", "a"])


def test_imports_may_be_deeper_than_the_call_stack() -> None:
    files = Descriptors()
    files.add([*(file(str(number), str(number + 1)) for number in range(MAX_FILES - 2)), file(str(MAX_FILES - 2))])
    assert names(files) == [str(number) for number in reversed(range(MAX_FILES - 1))]


def test_a_file_that_imports_itself() -> None:
    files = Descriptors()
    files.add([file("a", "b"), file("b", "a")])
    with pytest.raises(Failed, match=r"^a imports itself$"):
        files.ordered()


def test_a_file_that_comes_again_counts_once() -> None:
    files, half = Descriptors(), file("a", package="x" * (MAX_BYTES * 2 // 3))
    for _ in range(3):
        files.add([half])
    assert len(files) == 1
    with pytest.raises(Failed, match=r"^descriptors of more than 16,000,000 bytes$"):
        files.add([file("b", package="x" * (MAX_BYTES * 2 // 3))])


def test_too_many_files() -> None:
    files = Descriptors()
    with pytest.raises(Failed, match=r"^more than 5,000 files$"):
        files.add(file(str(number)) for number in range(MAX_FILES + 1))
    with pytest.raises(Failed, match=r"^more than 5,000 files$"):
        Descriptors().add([file("a", *map(str, range(MAX_FILES)))])
