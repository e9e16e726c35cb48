"""Train the networks that chapter 10 looks at in detail, on the small set "digits".

    python tools/train_10.py

Writes data/weights/10-dense.npz, 10-convolutional.npz and 10-global.npz. All three have the same
recipe, the chapter's own with more epochs, because there are few images, and the same seed.
"""

EPOCHS = 20


def main():
    import cnnbook

    cnnbook.setup()

    import keras

    from cnnbook import datasets, models

    digits = datasets.load("digits")
    networks = {
        "10-dense": lambda: models.dense_network(128),
        "10-convolutional": models.convolutional_network,
        "10-global": lambda: models.convolutional_network(keras.layers.GlobalMaxPooling2D()),
    }
    for name, build in networks.items():
        keras.utils.set_random_seed(42)
        model = build()
        model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(digits.x_train / 255, digits.y_train, batch_size=64, epochs=EPOCHS, verbose=0)
        models.save_weights(model, name)
        accuracy = model.evaluate(digits.x_test / 255, digits.y_test, verbose=0)[1]
        print(f"{name}: {model.count_params():,} parameters, test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
