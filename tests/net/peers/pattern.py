"""The picture that every peer here sends and recognises.

A frame tells its own number: 16 black or white cells along the top, the same inverted along the
bottom. The rest is one plain colour that follows from the number, so that a single decoded frame
can be judged: the right number, the right colour, nothing torn.
"""
import numpy

WIDTH, HEIGHT, FPS = 320, 240, 15
BITS, CELL, STRIP = 16, 20, 32
TONE = 440.0  # Hz, of the sound that goes with it
COLOURS = [  # Y, Cb, Cr (BT.601, limited range)
    (81, 90, 240), (145, 54, 34), (41, 240, 110), (210, 16, 146), (170, 166, 16), (106, 202, 222)]
TOLERANCE = 14


def colour_of(number):
    return COLOURS[(number // FPS) % len(COLOURS)]


def make(number):
    """I420 planes one below the other, (HEIGHT * 3 / 2, WIDTH)."""
    y, cb, cr = colour_of(number)
    luma = numpy.full((HEIGHT, WIDTH), y, numpy.uint8)
    chroma = [numpy.full((HEIGHT // 2, WIDTH // 2), value, numpy.uint8) for value in (cb, cr)]
    for bit in range(BITS):
        on = number >> bit & 1
        columns = slice(bit * CELL, (bit + 1) * CELL)
        luma[:STRIP, columns] = 235 if on else 16
        luma[HEIGHT - STRIP:, columns] = 16 if on else 235
    for plane in chroma:
        plane[:STRIP // 2] = 128
        plane[(HEIGHT - STRIP) // 2:] = 128
    return numpy.vstack([luma] + [plane.reshape(HEIGHT // 4, WIDTH) for plane in chroma])


def read(planes):
    """(number or None, largest error of a colour component) of (y, cb, cr) planes."""
    y, cb, cr = planes
    number = 0
    for bit in range(BITS):
        columns = slice(bit * CELL + 6, (bit + 1) * CELL - 6)
        top = y[8:STRIP - 8, columns].mean()
        bottom = y[HEIGHT - STRIP + 8:HEIGHT - 8, columns].mean()
        if abs(top - bottom) < 100:
            return None, 255
        number |= int(top > bottom) << bit
    rows, columns = slice(STRIP + 12, HEIGHT - STRIP - 12), slice(12, WIDTH - 12)
    half_rows = slice(rows.start // 2, rows.stop // 2)
    half_columns = slice(columns.start // 2, columns.stop // 2)
    found = (y[rows, columns], cb[half_rows, half_columns], cr[half_rows, half_columns])
    error = 0.0
    for plane, expected in zip(found, colour_of(number)):
        low, high = numpy.percentile(plane, (2, 98))
        error = max(error, abs(low - expected), abs(high - expected))
    return number, float(error)


def read_card(planes):
    """The same of the test card of parlour-pipeline (pipelines/live/test_card.c): 24 bits of the number
    between a mark and a check sum, and patches of three colours below."""
    y, cb, cr = planes
    height, width = y.shape
    row, bits = y[height // 24], 0
    for cell in range(32):
        bits = bits << 1 | int(row[width * (2 * cell + 1) // 64] > 128)
    number, check = bits >> 4 & 0xffffff, 0
    for shift in range(0, 24, 4):
        check ^= number >> shift & 15
    if bits != 0xa0000000 | number << 4 | check:
        return None, 255
    strip, error = height // 12, 0.0
    for patch, expected in enumerate(COLOURS[:3]):
        for plane, value, half in zip(planes, expected, (1, 2, 2)):
            rows = slice((strip + 12) // half, (2 * strip - 12) // half)
            columns = slice((width * patch // 8 + 12) // half, (width * (patch + 1) // 8 - 12) // half)
            error = max(error, abs(float(plane[rows, columns].mean()) - value))
    return number, error


def planes_of(i420):
    """Splits (height * 3 / 2, width) into its three planes."""
    height, width = i420.shape[0] * 2 // 3, i420.shape[1]
    chroma = i420[height:].reshape(2, height // 2, width // 2)
    return i420[:height], chroma[0], chroma[1]


class Judge:
    """Looks at frame after frame; `result` is what a test asserts."""

    def __init__(self, card=False):
        self.card = card
        self.frames = self.unreadable = self.wrong_colour = self.backwards = self.repeated = 0
        self.first = self.last = None
        self.worst = 0.0
        self.colours = set()
        self.numbers = []  # of each frame, None where it cannot be read

    def see(self, planes):
        self.frames += 1
        if not self.card and planes[0].shape != (HEIGHT, WIDTH):
            self.unreadable += 1
            self.numbers.append(None)
            return
        number, error = (read_card if self.card else read)(planes)
        self.numbers.append(number)
        if number is None:
            self.unreadable += 1
            return
        self.worst = max(self.worst, error)
        self.wrong_colour += int(error > TOLERANCE)
        self.colours.add(colour_of(number))
        if self.last is not None:
            self.backwards += number < self.last
            self.repeated += number == self.last
        else:
            self.first = number
        self.last = number

    def result(self):
        span = 0 if self.first is None else self.last - self.first + 1
        return {"frames": self.frames, "unreadable": self.unreadable,
                "wrong_colour": self.wrong_colour, "backwards": self.backwards,
                "repeated": self.repeated, "first": self.first, "last": self.last,
                "missing": span - (self.frames - self.unreadable - self.repeated),
                "worst_error": round(self.worst, 1), "colours": len(self.colours)}


def tone(start, count, rate=48000):
    """`count` samples of the tone from sample `start`, int16 mono."""
    at = (numpy.arange(start, start + count) % rate) / rate
    return (numpy.sin(2 * numpy.pi * TONE * at) * 8000).astype(numpy.int16)


def pitch(samples, rate=48000):
    """The loudest frequency of int16 mono samples, or 0 of silence."""
    if len(samples) < rate // 4 or numpy.abs(samples.astype(numpy.int32)).max() < 200:
        return 0.0
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples))))
    return float(numpy.argmax(spectrum[1:]) + 1) * rate / len(samples)
