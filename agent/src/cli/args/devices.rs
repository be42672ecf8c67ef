use clap::{ArgGroup, Args, Subcommand};

use super::Switch;

/// `kakeru devices`.
#[derive(Clone, Debug, Args)]
pub struct DevicesArgs {
    /// What to do [default: list]
    #[command(subcommand)]
    pub verb: Option<DevicesVerb>,
}

/// `kakeru devices …`.
#[derive(Clone, Debug, Subcommand)]
pub enum DevicesVerb {
    /// The sound devices of this machine
    List,
    /// What the seat wants, what is in use, volume and processing
    Show,
    /// Choose the seat's devices and what is done to the voice; kept across restarts
    #[command(group(ArgGroup::new("wish").multiple(true).required(true)
        .args(["capture", "playback", "ring", "no_ring", "echo", "noise", "gain", "reset"])))]
    Set(DeviceSetArgs),
    /// How loud, in percent; belongs to the operator and is kept across restarts
    #[command(group(ArgGroup::new("volume").multiple(true).required(true).args(["playback", "mic", "ring"])))]
    Volume(VolumeArgs),
    /// Show how loud microphone and headphones are, as a bar
    Level(LevelArgs),
    /// Try microphone and headphones: latency, noise, record and play back; needs no daemon
    Test(DeviceTestArgs),
}

/// `kakeru devices set`.
#[derive(Clone, Debug, Args)]
pub struct DeviceSetArgs {
    /// A microphone, best first; a part of its name is enough, "default" is the system's (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub capture: Vec<String>,
    /// Headphones, likewise
    #[arg(long, value_name = "NAME")]
    pub playback: Vec<String>,
    /// Where it rings, likewise
    #[arg(long, value_name = "NAME", conflicts_with = "no_ring")]
    pub ring: Vec<String>,
    /// Ring in the headphones
    #[arg(long)]
    pub no_ring: bool,
    /// Echo cancellation
    #[arg(long, value_name = "on|off")]
    pub echo: Option<Switch>,
    /// Noise suppression
    #[arg(long, value_name = "on|off")]
    pub noise: Option<Switch>,
    /// Gain control
    #[arg(long, value_name = "on|off")]
    pub gain: Option<Switch>,
    /// First go back to what the configuration says
    #[arg(long)]
    pub reset: bool,
}

/// `kakeru devices volume`.
#[derive(Clone, Debug, Args)]
pub struct VolumeArgs {
    /// What you hear of calls, 0 to 100
    #[arg(value_name = "PERCENT", value_parser = clap::value_parser!(u16).range(0..=100))]
    pub playback: Option<u16>,
    /// Your own voice, 0 to 200
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u16).range(0..=200))]
    pub mic: Option<u16>,
    /// The ring, 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u16).range(0..=100))]
    pub ring: Option<u16>,
}

/// `kakeru devices level`.
#[derive(Clone, Debug, Args)]
pub struct LevelArgs {
    /// End after so many seconds [default: until Ctrl-C]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: Option<u32>,
}

/// `kakeru devices test`.
#[derive(Clone, Debug, Args)]
pub struct DeviceTestArgs {
    /// Microphone [default: the seat's of the configuration file, else the system's]
    #[arg(long, value_name = "NAME")]
    pub capture: Option<String>,
    /// Headphones, likewise
    #[arg(long, value_name = "NAME")]
    pub playback: Option<String>,
    /// How long you speak, 1 to 30
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=30))]
    pub seconds: u8,
    /// Only measure the latency; nobody has to speak
    #[arg(long)]
    pub latency: bool,
}
