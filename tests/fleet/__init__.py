"""A fleet on a virtual clock: what its questions cost the DNS servers, in numbers."""
