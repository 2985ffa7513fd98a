"""The model, as seen from every other process: started on first need, gone when it is not needed."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BufferedReader, RawIOBase
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

import numpy as np

from newsletter.errors import ModelError, ModelUnusable
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.embedding import Embedder
from newsletter.ranking.model_choice import BUNDLED, ModelChoice, questions_of

#: Seconds after which whoever waits for the model may say that they want to stop.
HEARING = 0.2


class ModelProcess:
    """An `Embedder` whose model lives in a child process.

    The child is started by the first `embed`, ends by itself after a minute of idleness and is started again
    when needed; `close` ends it at once.
    """

    def __init__(
        self,
        model: ModelChoice | str = BUNDLED,
        *,
        batch: int = 16,
        home: Path | str = ".",
        background: bool = False,
    ) -> None:
        """`home` is the newsletter's folder: a model's folder is named from there. In the background it is polite."""
        self._choice = model if isinstance(model, ModelChoice) else ModelChoice(model)
        self._home = Path(home)
        self._batch = batch
        self._background = background
        self._child: subprocess.Popen[bytes] | None = None
        self._name = self._choice.vectors(self._home)
        #: how the model was computed, and the bytes that its process needed at most; known once it has answered
        self.precision, self.peak = "", 0
        #: that all answers so far took, of all cores together
        self.seconds = 0.0

    @property
    def name(self) -> str:
        """The name under which vectors are kept; the weights are part of it, of a folder and of the bundled model."""
        return self._name

    @property
    def questions(self) -> Embedder:
        """The same model for interests and searches; its own vectors for those, where the model may tell them apart."""
        return self if self._choice.model == BUNDLED else _Questions(self)

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Vectors of the texts, in order, float32. Raises `ModelError` in words for the operator.

        `progress` is called now and then while the model is loaded or thinks, too; what it raises ends that at once.
        """
        return self.answer(texts, progress, queries=False)

    def answer(self, texts: Sequence[str], progress: Callable[[int], None] | None = None, *, queries: bool) -> Vectors:
        """The same, of what is looked for or of what is found."""
        if not texts:
            return np.zeros((0, 1), np.float32)
        # Half a pair of UTF-16 would end the tokenizer, and the process with it.
        whole = [text.encode("utf-8", "replace").decode() for text in texts]
        request = json.dumps({"texts": whole, "queries": queries}).encode() + b"\n"
        code: int | None = None
        # It may just have ended for idleness, so it is asked twice.
        for _ in range(2):
            try:
                return self._ask(request, progress)
            except EOFError:
                code = self.close()
            except BaseException:
                # What is left of this answer must not be taken for the next one's, and nobody waits for it.
                if self._child:
                    self._child.kill()
                self.close()
                raise
        raise ModelError(
            f"The model's process ended before it answered (exit status {code}); most often the machine is out "
            "of memory. Free some, or set model.batch to a smaller number, and run the command again: what was "
            "embedded so far is kept."
        )

    def close(self) -> int | None:
        """End the child, if it runs; returns its exit status."""
        if self._child is None:
            return None
        child, self._child = self._child, None
        for stream in (child.stdin, child.stdout):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()
        try:
            return child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: bytes, progress: Callable[[int], None] | None) -> Vectors:
        child = self._running()
        # Without a buffer: what lay in one would not wake who waits.
        stdin, stdout = _pipe(child.stdin), cast(RawIOBase, cast(BufferedReader, _pipe(child.stdout)).raw)
        with suppress(BrokenPipeError):  # a model that cannot be loaded says why, and does not wait for texts
            stdin.write(request)
            stdin.flush()
        done = 0
        while line := _line(stdout, progress, done):
            answer: dict[str, Any] = json.loads(line)
            if "error" in answer:
                raise (ModelUnusable if answer.get("unusable") else ModelError)(answer["error"])
            if "done" in answer:
                done = answer["done"]
                if progress:
                    progress(done)
                continue
            self.precision, self.peak = answer["precision"], answer["peak"]
            self.seconds += answer["seconds"]
            size = answer["rows"] * answer["columns"] * 4
            numbers = _bytes(stdout, size)
            if len(numbers) != size:
                break
            return np.frombuffer(numbers, "<f4").reshape(answer["rows"], answer["columns"])
        raise EOFError

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            choice = self._choice
            offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"} if choice.model == BUNDLED else {}
            command = [sys.executable, "-m", "newsletter.ranking.model_process", "--model", choice.model]
            command += ["--backend", choice.backend, "--home", str(self._home), "--batch", str(self._batch)]
            self._child = subprocess.Popen(
                [*command, "--background"] if self._background else command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **offline, "TOKENIZERS_PARALLELISM": "true"},
            )
        return self._child


class _Questions:
    """An `Embedder` of what is looked for."""

    def __init__(self, model: ModelProcess) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return questions_of(self._model.name)

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        return self._model.answer(texts, progress, queries=True)


def _line(stdout: RawIOBase, progress: Callable[[int], None] | None, done: int) -> bytes:
    """The next line; empty at the end. Until it begins, `progress` is told again and again how much is done."""
    while not select.select([stdout], [], [], HEARING)[0]:
        if progress:
            progress(done)
    return stdout.readline()


def _bytes(stdout: RawIOBase, size: int) -> bytes:
    """So many bytes, or as many as there are until the end."""
    parts, left = list[bytes](), size
    while left and (part := stdout.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise EOFError
    return stream
