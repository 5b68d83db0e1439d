"""Reading and writing: arrays, pictures, safe output. The only place that knows Pillow."""
