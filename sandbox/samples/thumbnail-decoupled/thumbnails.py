"""What the function does, without any cloud.

It is handed `storage`, with `read(bucket, key)` and `write(bucket, key, content)`, and `messaging`, with
`send(text)`.
"""

import json


def shrunk(picture):
    """Give a PPM picture (P6, 8 bits) at half its width and height: each pixel the mean of four."""
    kind, width, height, depth, pixels = picture.split(maxsplit=4)
    if (kind, depth) != (b"P6", b"255"):
        raise ValueError("Only PPM pictures of 8 bits are understood.")
    across, down = int(width), int(height)

    def at(x, y, colour):
        return pixels[(y * across + x) * 3 + colour]

    small = bytes(
        sum(at(x + right, y + below, colour) for right in (0, 1) for below in (0, 1)) // 4
        for y in range(0, down - 1, 2)
        for x in range(0, across - 1, 2)
        for colour in range(3)
    )
    return b"P6 %d %d 255\n" % (across // 2, down // 2) + small


class ThumbnailMaker:
    """Makes thumbnails with whatever storage and messaging it is given."""

    def __init__(self, storage, messaging):
        self.storage = storage
        self.messaging = messaging

    def make(self, pictures):
        """Make a thumbnail of each picture, given as (bucket, key). Give their keys."""
        return {"thumbnails": [self._make(bucket, key) for bucket, key in pictures]}

    def _make(self, bucket, key):
        print("Read", key)
        thumbnail = key.replace("images/", "thumbnails/", 1)
        self.storage.write(bucket, thumbnail, shrunk(self.storage.read(bucket, key)))
        print("Wrote", thumbnail)
        self.messaging.send(json.dumps({"picture": key, "thumbnail": thumbnail}))
        return thumbnail
