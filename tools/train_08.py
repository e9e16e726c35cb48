"""Train chapter 08's network on the digits and keep its weights: data/weights/08-scratch.npz.

Usage:  python tools/train_08.py

The same training as in the chapter. Weights trained on another machine differ in their last digits;
the chapter shows what the committed ones answer.
"""

import cnnbook


def main():
    cnnbook.setup()
    from cnnbook import models
    from cnnbook.scratch import ConvolutionNetwork, evaluate, fit, load_parts

    _, *parts = load_parts("digits")
    network = ConvolutionNetwork()
    fit(network, *parts[:2], range(20), learning_rate=0.05, batch_size=32)
    models.save_weights(network, "08-scratch")
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        loss, accuracy = evaluate(network, *part)
        print(f"{name}: loss {loss:.4f}, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
