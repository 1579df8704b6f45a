"""The evidence set: claims in canonical order with their sources, taxonomy and findings."""
