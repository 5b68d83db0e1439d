"""What a person sees: tables, matrices, pictures in half blocks. The only place that knows rich."""
