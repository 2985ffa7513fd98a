"""A model as an ONNX graph, run without torch: it starts in a second and needs a third of the memory.

Used in the model's process only; needs the packages of `newsletter[onnx]`.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

#: Of the folder: the graph, the tokenizer, and what else must be known.
GRAPH, TOKENIZER, ABOUT = "model.onnx", "tokenizer.json", "about.json"
OUTPUT = "vector"


class OnnxModel:
    """As `model_process.Loaded` says."""

    def __init__(self, folder: Path, precision: str) -> None:
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        self.precision = precision
        self._query, self._document = about["query"], about["document"]
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(about["tokens"])
        self._tokenizer.enable_padding(pad_id=about["pad"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])
        self._inputs = [one.name for one in self._session.get_inputs()]

    def encode(self, texts: Sequence[str], *, queries: bool) -> NDArray[np.float32]:
        """One row a text, not yet of unit length."""
        prompt = self._query if queries else self._document
        encoded = self._tokenizer.encode_batch([prompt + text for text in texts])
        columns = {
            "input_ids": [one.ids for one in encoded],
            "attention_mask": [one.attention_mask for one in encoded],
            "token_type_ids": [one.type_ids for one in encoded],
        }
        given = {name: np.array(columns[name], np.int64) for name in self._inputs}
        return np.asarray(self._session.run([OUTPUT], given)[0], np.float32)


def write_int8(onnx: Path, folder: Path) -> None:
    """The same with weights of eight bits, a scale a column; what they are multiplied with is rounded as it comes."""
    quantize_dynamic(onnx / GRAPH, folder / GRAPH, weight_type=QuantType.QInt8, per_channel=True)
    for name in (TOKENIZER, ABOUT):
        (folder / name).write_bytes((onnx / name).read_bytes())
