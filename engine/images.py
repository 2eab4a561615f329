"""Pictures in, network inputs out.

Networks read float32 arrays (N, H, W, C); people bring files. `open_picture` takes whatever they bring,
`engine.ink` finds the digit in it, and `to_network_input` turns the fitted pictures into what one network reads.
"""

from engine.ink import fit_digit
from engine.preprocessing import Preprocessing, to_network_input

__all__ = ["PictureError", "Preprocessing", "fit_digit", "to_network_input"]


class PictureError(ValueError):
    """A picture that can't be used; the message is a plain sentence for the person who brought it."""
