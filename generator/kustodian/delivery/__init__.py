"""Promotion between environments and pinning of tags to digests."""
