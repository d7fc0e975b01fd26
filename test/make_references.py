"""Makes test/references.json: densities, divergences, samples and draws, computed with 50 digits.

    python3 test/make_references.py > test/references.json

Needs mpmath (Debian: python3-mpmath). Nothing here knows how the library computes: the formulas are the textbook's, and
the random words come from Python's own Mersenne Twister.

Inputs are float32 numbers, written with the fewest digits that name them, so a reference is of the very numbers that
the library sees. A list of numbers is one string. Beside a value stand two sums that bound its rounding errors, both of
terms' magnitudes: `size` of the terms that the formula adds, and `steep` of those with an exponential in them, each
times the exponent.
"""

import json
import random
import struct
from itertools import product

from mpmath import cos, exp, expm1, log, log1p, mp, mpf, ncdf, nstr, pi, sin, sqrt

mp.dps = 50
LARGEST = mpf(2) ** 128  # float32 rounds what is as large to infinity


def float32(number):
    """The nearest float32 number."""
    return struct.unpack("f", struct.pack("f", number))[0]


def shortest(number):
    """The fewest digits that name a float32 number."""
    text = next(text for digits in range(1, 10) if float32(float(text := f"{number:.{digits}g}")) == number)
    if abs(number) < 1000 and number == int(number):
        return f"{number:.0f}"
    return text.replace("e+0", "e").replace("e-0", "e-")


def texts(numbers, digits):
    """One string of numbers, of which those that float32 cannot hold are infinite."""

    def text(number):
        if abs(number) >= LARGEST:
            return "Infinity" if number > 0 else "-Infinity"
        assert abs(number) < LARGEST / 4, "so near to the largest float32 number, infinity may come a little earlier"
        return nstr(mpf(number), digits, strip_zeros=True).removesuffix(".0")

    return " ".join(text(number) for number in numbers)


def record(sums):
    """Sums of terms, each term a pair of its value and the exponent in it, 0 if it has none."""
    sums = [list(terms) for terms in sums]
    bound = lambda magnitude: min(magnitude, LARGEST / 5)
    return {
        "value": texts((sum(term for term, _ in terms) for terms in sums), 10),
        "size": texts((bound(sum(abs(term) for term, _ in terms)) for terms in sums), 3),
        "steep": texts((bound(sum(abs(term * exponent) for term, exponent in terms)) for terms in sums), 3),
    }


def kl_to_standard_normal(mu, log_var):
    for m, v in zip(mu, log_var):
        yield from [(m**2 / 2, 0), (expm1(v) / 2, v), (-v / 2, 0)]


def kl(mu, log_var, p_mu, p_log_var):
    for m, v, n, w in zip(mu, log_var, p_mu, p_log_var):
        yield from [((m - n) ** 2 * exp(-w) / 2, w), (expm1(v - w) / 2, v - w), ((w - v) / 2, 0)]


def log_gaussian(x, mu, log_var):
    for y, m, v in zip(x, mu, log_var):
        yield from [(-log(2 * pi) / 2, 0), (-v / 2, 0), (-((y - m) ** 2) * exp(-v) / 2, v)]


def log_bernoulli(pixels, logits):
    for x, l in zip(pixels, logits):
        yield from [(x * l, 0), (-max(l, mpf(0)) - log1p(exp(-abs(l))), 0)]


def code_terms(mu, log_var, eps):
    """Of each dimension of a sample, its two terms."""
    return [[(m, 0), (exp(v / 2) * e, v / 2)] for m, v, e in zip(mu, log_var, eps)]


def elbo(pixels, mu, log_var, eps):
    """Of a model whose logits are its codes."""
    codes = code_terms(mu, log_var, eps)
    yield from log_bernoulli(pixels, [mean + noise for (mean, _), (noise, _) in codes])
    yield from ((-term, exponent) for term, exponent in kl_to_standard_normal(mu, log_var))
    # The codes err too, and the likelihood by as much at most: |x - sigmoid(z)| <= 1. Terms that cancel bound that.
    for term, exponent in (pair for code in codes for pair in code):
        yield from [(term / 2, exponent), (-term / 2, exponent)]


def squared_distance(x, y):
    for a, b in zip(x, y):
        yield from [(a**2, 0), (-2 * a * b, 0), (b**2, 0)]


INPUTS = ["mu", "logVar", "pMu", "pLogVar", "x", "eps", "pixels"]


def case(name, rows):
    """A batch: of each row, what INPUTS names, and all references."""
    rows = [{key: [mpf(float32(n)) for n in row[key]] for key in INPUTS} for row in rows]

    def of(function, *keys):
        return record(function(*(row[key] for key in keys)) for row in rows)

    made = {"name": name, "shape": f"{len(rows)} {len(rows[0]['mu'])}"}
    made |= {key: " ".join(shortest(float(n)) for row in rows for n in row[key]) for key in INPUTS}
    made["klToStandardNormal"] = of(kl_to_standard_normal, "mu", "logVar")
    made["kl"] = of(kl, "mu", "logVar", "pMu", "pLogVar")
    made["logGaussian"] = of(log_gaussian, "x", "mu", "logVar")
    made["logBernoulli"] = of(log_bernoulli, "pixels", "x")
    made["elbo"] = of(elbo, "pixels", "mu", "logVar", "eps")
    if len(rows[0]["mu"]) <= 100:
        codes = (terms for row in rows for terms in code_terms(row["mu"], row["logVar"], row["eps"]))
        made["reparameterize"] = record(codes)
    if len(rows) <= 3:
        made["squaredDistances"] = record(squared_distance(a["x"], b["pMu"]) for a in rows for b in rows)
    return made


draw_one = random.Random(1).random  # Python keeps the numbers of this method the same in all versions


def choice(items):
    return items[int(draw_one() * len(items))]


def uniform(low, high):
    return low + (high - low) * draw_one()


def short(number):
    """A number of two digits: a short one to write."""
    return float(f"{number:.2g}")


def spread(low, high):
    return lambda: short(uniform(low, high))


def tiny(low, high):
    """Of either sign, the exponent of ten between two."""
    return lambda: short(choice([-1, 1]) * 10 ** uniform(low, high))


def drawn(batch, size, mu, log_var, p_mu, p_log_var, x, eps):
    pixel = lambda: choice([0, 1, short(draw_one())])
    draws = dict(zip(INPUTS, [mu, log_var, p_mu, p_log_var, x, eps, pixel]))
    return [{key: [draw() for _ in range(size)] for key, draw in draws.items()} for _ in range(batch)]


def one_dimension():
    """Corners: every mean with every variance, and what else there is in turn."""
    means = [0, 1e-45, -1e-40, 1e-20, 0.7, -1e4, 1e4]
    steps = [1e-45, 1e-40, 1e-7, 1e-3, 0.5, 10, 50, 85, 100]
    log_vars = [0, *steps, *(-step for step in steps)]
    rows = []
    for mu, log_var in product(means, log_vars):
        eps = [0, 1, -1, 5, -8.5, 0.3, 1e-10] + ([1e-40] if log_var <= 0 else [])
        rows.append({
            "mu": [mu],
            "logVar": [log_var],
            "pMu": [choice([mu, *means])],
            "pLogVar": [choice([log_var, *log_vars])],
            "x": [choice([mu, mu, 0, 1e-40, 1, -13, 14, 30, -104, 1e4, -1e4])],
            "eps": [choice(eps)],
            "pixels": [choice([0, 1, 0.3, 1e-40])],
        })
    return rows


def cases():
    three = spread(-3, 3)
    far = lambda: choice([-1e4, 1e4, short(uniform(-1e4, 1e4))])
    families = {
        "moderate": [three] * 6,
        "near the prior": [tiny(-6, -2), tiny(-8, -2), tiny(-6, -2), tiny(-8, -2), three, three],
        "far": [far, spread(-20, 20), far, spread(-5, 20), far, three],
        "narrow": [three, spread(-80, -20), three, spread(-80, 3), three, three],
        "wide": [three, spread(20, 85), three, spread(20, 100), far, three],
        "denormal": [tiny(-45, -38), tiny(-45, -38), tiny(-45, -38), tiny(-45, -38), tiny(-45, -38), three],
    }
    yield case("one dimension", one_dimension())
    for name, family in families.items():
        for batch, size in [(3, 2), (2, 10), (2, 100)]:
            yield case(f"{name}, {size} dimensions", drawn(batch, size, *family))
    for name in ["moderate", "near the prior", "far"]:
        yield case(f"{name}, 1000 dimensions", drawn(1, 1000, *families[name]))


class Source:
    """Python's Mersenne Twister, seeded as its authors seed it with one number."""

    def __init__(self, seed):
        words = [seed % 2**32]
        for i in range(1, 624):
            words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + i) % 2**32)
        self.generator = random.Random()
        self.generator.setstate((3, (*words, 624), None))

    def word(self):
        return self.generator.getrandbits(32)

    def bits(self):
        """53 of them: 26 of one word above 27 of the next."""
        return self.word() % 2**26 * 2**27 + self.word() % 2**27

    def uniform(self):
        return mpf(self.bits()) / 2**53

    def pair(self):
        """Two normals, by Box and Muller."""
        radius, angle = sqrt(-2 * log(1 - self.uniform())), 2 * pi * self.uniform()
        return [radius * cos(angle), radius * sin(angle)]

    def permutation(self, size):
        order = list(range(size))
        for i in range(size - 1, 0, -1):
            j = int(self.uniform() * (i + 1))
            order[i], order[j] = order[j], order[i]
        return order


def draws(seed, skipped):
    """What a source draws after so many uniforms, in the order of the record."""
    source = Source(seed)
    for _ in range(skipped):
        source.bits()
    return {
        "seed": seed,
        "skipped": skipped,
        "uniform53": " ".join(str(source.bits()) for _ in range(20)),  # times 2^53
        "normal": texts([n for _ in range(30) for n in source.pair()], 20),
        "permutation": " ".join(map(str, source.permutation(100))),
        "split": texts((child := Source(source.word())).pair() + child.pair(), 20),
    }


everything = {
    "madeBy": "python3 test/make_references.py > test/references.json",
    "cases": list(cases()),
    "draws": [draws(seed, skipped) for seed in [0, 1, -1, 42, 5489, 2**31] for skipped in [0, 20_000]],
    "normalCdf": texts((ncdf(mpf(i) / 16) for i in range(-96, 97)), 20),  # from -6 to 6 in steps of 1/16
}
print(json.dumps(everything, indent=2))
