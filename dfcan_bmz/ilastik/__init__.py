"""What ilastik needs around its Neural Network Classification: prepared images, and their way back."""
