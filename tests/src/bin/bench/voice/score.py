"""Scores of degraded speech: PESQ (ITU-T P.862, narrow band mapped by P.862.1, wide band by P.862.2) and delay by
cross-correlation.

The argument is nb or wb. Reads lines "reference<TAB>degraded" (raw 16-bit mono at 8 or 16 kHz) and prints "score<TAB>delay in ms" for each.
The delay is the median over windows of 400 ms in which somebody speaks.
"""

import sys
from multiprocessing import Pool

import numpy
from pesq import PesqError, pesq

BAND = sys.argv[1]
RATE = 16000 if BAND == "wb" else 8000
WINDOW = RATE * 4 // 10
STEP = RATE // 10
MAX_DELAY = RATE


def delay_ms(reference, degraded):
    degraded = numpy.concatenate([degraded, numpy.zeros(WINDOW + MAX_DELAY)])
    speaking = 0.25 * numpy.mean(reference**2)
    size = 1 << (2 * WINDOW + MAX_DELAY - 1).bit_length()
    found = []
    for start in range(0, len(reference) - WINDOW, STEP):
        part = reference[start : start + WINDOW]
        if numpy.mean(part**2) < speaking:
            continue
        field = degraded[start : start + WINDOW + MAX_DELAY]
        product = numpy.fft.irfft(numpy.fft.rfft(field, size) * numpy.conj(numpy.fft.rfft(part, size)), size)
        sums = numpy.concatenate([[0.0], numpy.cumsum(field**2)])
        energy = sums[WINDOW : WINDOW + MAX_DELAY] - sums[:MAX_DELAY]
        likeness = product[:MAX_DELAY] / numpy.sqrt(energy * numpy.sum(part**2) + 1.0)
        best = int(numpy.argmax(likeness))
        if likeness[best] > 0.5:
            found.append(best * 1000 / RATE)
    return numpy.median(found) if found else float("nan")


def judge(line):
    reference, degraded = (numpy.fromfile(name, dtype="<i2") for name in line.split("\t"))
    try:
        score = pesq(RATE, reference, degraded, BAND)
    except PesqError:
        score = 1.0  # nothing of the speech was found
    return f"{score:.4f}\t{delay_ms(reference.astype(float), degraded.astype(float)):.2f}"


if __name__ == "__main__":
    with Pool(2) as pool:
        for result in pool.imap(judge, sys.stdin.read().splitlines(), chunksize=4):
            print(result)
