"""What of DFCAN's spectrum every engine has to know."""

EXPONENT = 0.8
EPS = 1e-16  # inside the root: outside it, a black patch has NaN gradients on torch and XLA
