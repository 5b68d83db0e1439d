"""Networks: the layer language, counting, layers."""
