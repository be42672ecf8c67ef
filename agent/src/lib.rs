//! Kakeru (架ける): the outbound call centre's phone; daemon, command line, practice exchange.
