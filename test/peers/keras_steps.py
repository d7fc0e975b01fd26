"""The training steps of two VAEs in Keras 3 on TensorFlow, each a `tf.function`."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

NAME = f"Keras {keras.__version__} on TensorFlow {tf.__version__}"

WAYS = {"conv": ["tf.function"], "dense": ["tf.function"]}


def conv_vae():
    """The networks of `convVae` with its defaults."""
    encoder = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(2 * 2),
    ])
    decoder = keras.Sequential([
        keras.Input((2,)),
        layers.Dense(7 * 7 * 64, activation="relu"), layers.Reshape((7, 7, 64)),
        layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(1, 3, padding="same"),
    ])
    return encoder, decoder


def dense_vae():
    """The networks of `denseVae` with its defaults."""
    encoder = keras.Sequential([
        keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(400, activation="relu"), layers.Dense(2 * 20),
    ])
    decoder = keras.Sequential([
        keras.Input((20,)), layers.Dense(400, activation="relu"), layers.Dense(784), layers.Reshape((28, 28, 1)),
    ])
    return encoder, decoder


def stepper(model, way, batch, threads):
    """A function that takes a step of Adam."""
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:  # once, before anything is computed
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    encoder, decoder = {"conv": conv_vae, "dense": dense_vae}[model]()
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(variables)
    x = tf.constant(np.random.rand(batch, 28, 28, 1), tf.float32)

    @tf.function
    def update():
        with tf.GradientTape() as tape:
            mu, log_var = tf.split(encoder(x, training=True), 2, axis=1)
            logits = decoder(mu + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mu)), training=True)
            reconstruction = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, logits))
            loss = (reconstruction + tf.reduce_sum(mu**2 + tf.exp(log_var) - 1 - log_var) / 2) / batch
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return lambda: update().numpy()
