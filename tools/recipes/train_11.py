"""Train chapter 11's two small residual networks on the shapes and write their weights.

    python -m tools.recipes.train_11

data/weights/11-color.npz sees the colours, data/weights/11-grey.npz the same images in grey.
The weight decay is a tenth of the chapter's.
"""

EPOCHS, BATCH, WIDTH = 12, 32, 16


def main():
    import cnnbook

    cnnbook.setup()

    import tensorflow as tf

    from cnnbook import datasets

    shapes = datasets.load("shapes")
    train("11-color", shapes.x_train, shapes.y_train)
    train("11-grey", tf.image.rgb_to_grayscale(shapes.x_train).numpy(), shapes.y_train)


def train(name, images, labels):
    import keras

    from cnnbook import models

    keras.utils.set_random_seed(42)
    network = models.small_residual_network(images.shape[1:], 10, WIDTH)
    steps = EPOCHS * -(-len(images) // BATCH)
    warm_up = steps // 5
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm_up, warmup_target=0.1, warmup_steps=warm_up
    )
    network.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=5e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    network.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    models.save_weights(network, name)


if __name__ == "__main__":
    main()
