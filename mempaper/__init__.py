"""Memorization in generative networks: recovery, statistics and rejection.

The package under the companion book to Webster et al. (2019), "Detecting Overfitting of Deep
Generative Networks via Latent Recovery", and Bai et al. (2022), "Reducing Training Sample
Memorization in GANs by Training with Memorization Rejection".
"""

__version__ = "0.1.0"
