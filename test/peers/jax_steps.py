"""The training steps of two VAEs in JAX, each compiled as one."""
import jax
import jax.numpy as jnp
from jax import lax

NAME = f"JAX {jax.__version__}"

WAYS = {"conv": ["jit"], "dense": ["jit"]}


def weights(key, *shape):
    """A kernel drawn as Keras draws it, and a bias of zeros."""
    return jax.nn.initializers.glorot_uniform()(key, shape, jnp.float32), jnp.zeros(shape[-1])


def linear(x, layer):
    return x @ layer[0] + layer[1]


def convolution(convolve, x, layer, stride):
    return convolve(x, layer[0], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + layer[1]


def conv_vae():
    """The networks of `convVae` with its defaults."""
    shapes = [
        (3, 3, 1, 32), (3, 3, 32, 64), (3136, 16), (16, 4),
        (2, 3136), (3, 3, 64, 64), (3, 3, 64, 32), (3, 3, 32, 1),
    ]

    def encode(p, x):
        h = jax.nn.relu(convolution(lax.conv_general_dilated, x, p[0], 2))
        h = jax.nn.relu(convolution(lax.conv_general_dilated, h, p[1], 2))
        return linear(jax.nn.relu(linear(h.reshape(len(x), -1), p[2])), p[3])

    def decode(p, z):
        h = jax.nn.relu(linear(z, p[4])).reshape(len(z), 7, 7, 64)
        h = jax.nn.relu(convolution(lax.conv_transpose, h, p[5], 2))
        h = jax.nn.relu(convolution(lax.conv_transpose, h, p[6], 2))
        return convolution(lax.conv_transpose, h, p[7], 1)

    return shapes, encode, decode


def dense_vae():
    """The networks of `denseVae` with its defaults."""
    shapes = [(784, 400), (400, 40), (20, 400), (400, 784)]

    def encode(p, x):
        return linear(jax.nn.relu(linear(x.reshape(len(x), -1), p[0])), p[1])

    def decode(p, z):
        return linear(jax.nn.relu(linear(z, p[2])), p[3]).reshape(len(z), 28, 28, 1)

    return shapes, encode, decode


def adam(parameters, slopes, m, v, t):
    """One step of Adam, with the defaults of Keras."""
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, slopes)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, slopes)
    rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return jax.tree.map(lambda x, m, v: x - rate * m / (jnp.sqrt(v) + 1e-7), parameters, m, v), m, v


def stepper(model, way, batch, threads):
    """A function that takes a step of Adam."""
    shapes, encode, decode = {"conv": conv_vae, "dense": dense_vae}[model]()
    keys = jax.random.split(jax.random.key(0), len(shapes) + 1)
    parameters = [weights(key, *shape) for key, shape in zip(keys, shapes)]
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    x = jax.random.uniform(keys[-1], (batch, 28, 28, 1))

    def loss(p, key):
        mu, log_var = jnp.split(encode(p, x), 2, axis=1)
        logits = decode(p, mu + jnp.exp(log_var / 2) * jax.random.normal(key, mu.shape))
        reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits)
        return (reconstruction + jnp.sum(mu**2 + jnp.exp(log_var) - 1 - log_var) / 2) / batch

    @jax.jit
    def update(p, m, v, t, key):
        key, drawn = jax.random.split(key)
        return *adam(p, jax.grad(loss)(p, drawn), m, v, t), t + 1, key

    state = [parameters, zeros, zeros, 1.0, keys[0]]

    def step():
        state[:] = jax.block_until_ready(update(*state))

    return step
