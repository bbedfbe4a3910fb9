//! The limits of a door, each with its reason.

use std::time::Duration;

/// Two round trips and one signature: three seconds even by satellite.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How soon a renewed certificate is seen; two small files are read each time.
pub const CERTIFICATE_LOOK_EVERY: Duration = Duration::from_secs(5);
/// A request's headers are short: who needs longer is slow on purpose.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// 256 KiB in 10 s is 26 KB/s: slower than any line of a bureau, and long enough for a lost packet or three.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest wait that an answer may have asked for (5 s for the witnesses), a busy log, and room.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A reader that takes nothing for so long is gone or slow on purpose.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// What a reader must take on average once it has stalled, in bytes a second: a fifth of the slowest mobile line.
pub const WRITE_RATE_MIN: u32 = 1024;
/// A connection without a request: longer than a client's pause between two items, shorter than most middleboxes wait.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// No connection lives for ever, whatever it does; clients open a new one without noticing.
pub const CONNECTION_AGE_MAX: Duration = Duration::from_hours(1);
/// What is in flight when the stop comes is answered within this, then cut: a daemon has ended within ten seconds.
pub const STOP_DEADLINE: Duration = Duration::from_secs(8);
/// Browsers send about 20, proxies add 10.
pub const HEADERS_MAX: usize = 100;
/// All headers of a request together; also what HTTP/1 buffers of one connection in each direction.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// What RELIABILITY asks for entries (1,024 × 162 bytes in base64 is 222 KB); routers set less or more for their own.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Streams at once on one HTTP/2 connection.
pub const H2_STREAMS_MAX: u32 = 64;
/// What a peer may send ahead on one HTTP/2 connection: one whole body. Times the connections it bounds our memory.
pub const H2_WINDOW: u32 = 256 * 1024;
/// Streams that a peer may open and reset before we served them, then the connection ends (CVE-2023-44487).
pub const H2_RESETS_MAX: usize = 20;
/// Connections at once; below the usual 1,024 × 4 file descriptors of a service, with room for files.
pub const CONNECTIONS_MAX: usize = 4096;
/// Half the places: one address never takes all, and a whole province behind one address still fits.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = CONNECTIONS_MAX / 2;

/// The limits of one door. Fields are public so that a test or an operator tightens one:
/// `Limits { header_timeout: Duration::from_millis(200), ..Limits::default() }`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the connection to the end of the TLS handshake, where the door speaks TLS.
    pub handshake_timeout: Duration,
    /// How often the certificate's files are looked at, where the door speaks TLS.
    pub certificate_look_every: Duration,
    /// From the first byte of a request to the end of its headers; also from the connection to its first request.
    pub header_timeout: Duration,
    /// From the end of the headers to the end of the body.
    pub body_timeout: Duration,
    /// From the end of the headers to the beginning of the answer; then 503.
    pub request_timeout: Duration,
    /// How long a reader may take nothing of an answer.
    pub write_timeout: Duration,
    /// How long a connection may be without a request.
    pub idle_timeout: Duration,
    /// After this a connection finishes what is in flight and ends.
    pub connection_age_max: Duration,
    /// How long a stop waits for what is in flight.
    pub stop_deadline: Duration,
    /// Header fields a request.
    pub headers_max: usize,
    /// Bytes of all headers of a request; at least 8,192 (a demand of the HTTP/1 parser).
    pub header_bytes_max: usize,
    /// Bytes of a body, for routers that set no limit of their own with `axum::extract::DefaultBodyLimit`.
    pub body_bytes_max: usize,
    /// Streams at once on one HTTP/2 connection.
    pub h2_streams_max: u32,
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once of one IPv4 address or IPv6 /64 network.
    pub connections_per_address_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            handshake_timeout: HANDSHAKE_TIMEOUT,
            certificate_look_every: CERTIFICATE_LOOK_EVERY,
            header_timeout: HEADER_TIMEOUT,
            body_timeout: BODY_TIMEOUT,
            request_timeout: REQUEST_TIMEOUT,
            write_timeout: WRITE_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            connection_age_max: CONNECTION_AGE_MAX,
            stop_deadline: STOP_DEADLINE,
            headers_max: HEADERS_MAX,
            header_bytes_max: HEADER_BYTES_MAX,
            body_bytes_max: BODY_BYTES_MAX,
            h2_streams_max: H2_STREAMS_MAX,
            connections_max: CONNECTIONS_MAX,
            connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
        }
    }
}
