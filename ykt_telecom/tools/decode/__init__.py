"""Any octets of this field, layer by layer: what `ykt decode` and the demo's timeline print."""

from .layer import Label, Layer
from .layers import KINDS, DecodeKeys, decode_layers
from .render import as_json, as_text

__all__ = ["KINDS", "DecodeKeys", "Label", "Layer", "as_json", "as_text", "decode_layers"]
