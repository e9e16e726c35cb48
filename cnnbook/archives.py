"""Readers of packed arrays that believe nothing a file says: no pickles, no more bytes than wanted.

`read` calls one of them and makes a sentence of whatever is wrong.
"""

import gzip
import math
import tarfile
import zipfile

import numpy as np


class _Damaged(Exception):
    """What is wrong with a file, in English."""


def read(path, reader, wanted):
    """Return reader(path, wanted). Raises ValueError with a sentence for a file that is unfit."""
    try:
        return reader(path, wanted)
    except Exception as error:  # a damaged file can make its reader stumble in any way
        told = error if isinstance(error, _Damaged) else f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{path} cannot be used: {told}. Replace it with an intact copy.\n"
            f"{path} 파일을 쓸 수 없습니다. 온전한 파일로 바꿉니다."
        ) from error


def npz(path, shapes):
    """Return the arrays of an .npz file that holds just these: {name: shape}.

    Of one axis: labels, integers, returned as int64. Of more: images, uint8.
    """
    arrays = []
    with zipfile.ZipFile(path) as archive:
        names = sorted(archive.namelist())
        if names != sorted(f"{name}.npy" for name in shapes):
            raise _Damaged(f"it holds {', '.join(names) or 'nothing'}, not {', '.join(shapes)}")
        for name, shape in shapes.items():
            with archive.open(f"{name}.npy") as member:
                arrays.append(_npy(member, name, shape))
    return arrays


def _npy(member, name, shape):
    # np.load would give memory to whatever shape the header claims.
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        came, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        came, fortran, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise _Damaged(f"{name} is in version {version} of NumPy's format")
    labels = len(shape) == 1
    fits = dtype.kind in "iu" if labels else dtype == np.uint8
    if not fits or came not in (shape, (*shape, 1)):
        kind = "integers" if labels else "uint8"
        raise _Damaged(f"{name} is {dtype} of shape {came}, not {kind} of shape {shape}")
    size = math.prod(shape) * dtype.itemsize
    content = member.read(size)
    if len(content) != size or member.read(1):  # the last read also checks zip's own checksum
        raise _Damaged(f"{name} has more or fewer bytes than its shape")
    array = np.frombuffer(content, dtype).reshape(came, order="F" if fortran else "C")
    return array.reshape(shape).astype(np.int64 if labels else np.uint8)


def idx(path, shape):
    """Return the array of a gzipped IDX file of unsigned bytes; labels as int64, images as uint8."""
    header = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
    size = len(header) + math.prod(shape)
    with gzip.open(path) as file:
        content = file.read(size + 1)
    if len(content) != size or not content.startswith(header):
        raise _Damaged(f"it is not an IDX file of shape {shape}")
    array = np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)
    return array.astype(np.int64 if len(shape) == 1 else np.uint8)


def cifar10(path, batch):
    """Return x_train, y_train, x_test, y_test of CIFAR-10's binary archive (.tar.gz).

    It holds six files of `batch` images, the last for testing. An image is a byte for its class,
    then 1,024 bytes each of red, green and blue. Nothing is unpacked onto the disk; give it only
    archives of a known checksum, for a made-up one could unpack without end.
    """
    folder = "cifar-10-batches-bin"
    names = [f"{folder}/data_batch_{number}.bin" for number in range(1, 6)]
    names.append(f"{folder}/test_batch.bin")
    parts = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if member.name in names and member.isfile() and member.size == batch * 3073:
                parts[member.name] = archive.extractfile(member).read()
    if missing := [name for name in names if name not in parts]:
        raise _Damaged(f"it lacks {', '.join(missing)}, each with {batch} images")
    records = np.frombuffer(b"".join(parts[name] for name in names), np.uint8).reshape(-1, 3073)
    labels = records[:, 0].astype(np.int64)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    images = np.ascontiguousarray(images)
    train = 5 * batch
    return [images[:train], labels[:train], images[train:], labels[train:]]
