"""Recordings of real exchanges: what goes over the wire, masked before it is kept, and found again for a replay."""
