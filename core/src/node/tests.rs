//! Nodes in pairs and trios.
