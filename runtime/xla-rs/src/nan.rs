//! Whether XLA's minimum keeps NaN in this process: options of one program cannot be passed, and those of the process
//! may have been read before they were set.

use pyroxene_runtime::{Code, DeviceError};
use xla::{ElementType, Error, PjRtClient, XlaBuilder};

use crate::convert::failed;

const CALL: &str = "a minimum with NaN";

/// Refuses a client that loses NaN, which would make results wrong with no other sign of it.
pub(crate) fn check(client: &PjRtClient) -> Result<(), DeviceError> {
    if minimum_with_nan(client).map_err(failed(CALL))?.is_nan() {
        return Ok(());
    }
    let message = "XLA loses NaN in minimum and maximum in this process, because its options were read before this \
                   backend set --xla_cpu_enable_fast_min_max=false, or say otherwise; call `register` of this \
                   backend before anything else uses XLA, or set this option in XLA_FLAGS";
    Err(DeviceError { call: CALL, code: Code::FailedPrecondition, message: message.to_string() })
}

/// Of parameters, which XLA cannot compute beforehand; NaN is on the right, where it is lost.
fn minimum_with_nan(client: &PjRtClient) -> Result<f32, Error> {
    let builder = XlaBuilder::new("minimum_with_nan");
    let parameter = |index, name| builder.parameter(index, ElementType::F32, &[], name);
    let minimum = parameter(0, "number")?.min(&parameter(1, "nan")?)?;
    let executable = client.compile(&builder.build(&minimum)?)?;
    let send = |x: f32| client.buffer_from_host_buffer(&[x], &[], None);
    let results = executable.execute_b(&[&send(1.0)?, &send(f32::NAN)?])?;
    let result = results.first().and_then(|device| device.first());
    match result {
        Some(buffer) => buffer.to_literal_sync()?.get_first_element(),
        None => Err(Error::XlaError { msg: "no result".to_string(), backtrace: String::new() }),
    }
}
