"""Draws icon.png: an exact posterior of two latents, tilted, and the mean-field posterior inside it."""
import struct, sys, zlib
import numpy as np

SIZE, FINE = 128, 8
n = SIZE * FINE
y, x = np.mgrid[0:n, 0:n]
x = (x + 0.5) / n * 2 - 1
y = 1 - (y + 0.5) / n * 2

def over(image, mask, colour):
    return image * (1 - mask[..., None]) + np.append(np.array(colour) / 255, 1) * mask[..., None]

image = np.zeros((n, n, 4))
r = 0.36
corner = np.hypot(np.maximum(np.abs(x) - (1 - r), 0), np.maximum(np.abs(y) - (1 - r), 0)) <= r
image = over(image, corner.astype(float), (20, 44, 84))
c, s = np.cos(np.pi / 4), np.sin(np.pi / 4)
u, v = (c * x + s * y) / 0.80, (-s * x + c * y) / 0.34
exact = np.hypot(u, v)
for level in (1.0, 0.66):
    image = over(image, (np.abs(exact - level) < 0.055 / level).astype(float) * corner, (150, 196, 255))
field = np.hypot(x / 0.30, y / 0.30)
image = over(image, (field <= 1).astype(float), (255, 170, 51))
image = over(image, (field <= 0.30).astype(float), (20, 44, 84))
small = image.reshape(SIZE, FINE, SIZE, FINE, 4)
alpha = small[..., 3:4]
colour = (small[..., :3] * alpha).sum((1, 3)) / np.maximum(alpha.sum((1, 3)), 1e-9)
pixels = np.concatenate([colour, alpha.mean((1, 3))], -1)
data = (pixels * 255 + 0.5).astype(np.uint8)
raw = b"".join(b"\0" + row.tobytes() for row in data)
def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
open(sys.argv[1], "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))
