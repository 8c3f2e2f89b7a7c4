//! Real processes on loopback: rings, the commands that use them, and hostile clients.

mod commands;
mod control;
mod hostile;
mod process;
mod survival;
