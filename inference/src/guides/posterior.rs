//! What a fitted automatic guide says of a model's sites: medians, quantiles and draws, on their supports.

use indexmap::IndexMap;
use pyroxene_frontend::{Array, Bound, Program, RngKey, Tensor, Ty, random::Key, vmap};
use pyroxene_ir::{DType, SiteKind, Source, passes::Query};

use super::{
    continuous::missing,
    family::{Family, Latents, prototype},
    prototype::{Prototype, model_params},
};
use crate::svi::SviError;

/// A guide's parameters with the model that they were fitted for.
pub(super) struct Fitted<'a> {
    pub(super) model: &'a Bound,
    pub(super) prototype: Prototype,
    /// The guide's parameters and the model's.
    pub(super) params: IndexMap<String, Array>,
}

impl<'a> Fitted<'a> {
    /// # Errors
    /// When a parameter of the guide has no value.
    pub(super) fn new<F: Family>(
        family: &F,
        model: &'a Bound,
        params: &IndexMap<String, Array>,
    ) -> Result<Fitted<'a>, SviError> {
        let prototype = prototype(family, model.program())?;
        let own = family.params(&prototype);
        if let Some(missing) = own.iter().find(|name| !params.contains_key(*name)) {
            let known = params.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(SviError::Setting {
                setting: "params",
                found: if known.is_empty() { "none".into() } else { known },
                expected: format!("a value of `{missing}` among them, which {} has", F::NAME),
            });
        }
        let of_model = model_params(model, params);
        let used = |name: &String| own.contains(name) || of_model.contains(name);
        let params = params.iter().filter(|(name, _)| used(name)).map(|(n, v)| (n.clone(), v.clone()));
        Ok(Fitted { model, prototype, params: params.collect() })
    }

    /// The same with what the family works out once from the parameters.
    pub(super) fn prepared<F: Family>(mut self, family: &F) -> Result<Fitted<'a>, SviError> {
        let prepared = family.prepared(&self)?;
        self.params.extend(prepared);
        Ok(self)
    }

    /// Runs a function of the model's data and of these parameters.
    pub(super) fn run(
        &self,
        name: &str,
        key: RngKey,
        f: impl FnOnce(&[Tensor], &IndexMap<String, Tensor>, Key) -> Vec<Tensor>,
    ) -> Result<Vec<Array>, SviError> {
        let mut inputs = vec![("rng_key", Ty::new(DType::U32, [2]))];
        inputs.extend(self.params.iter().map(|(name, value)| (name.as_str(), value.ty())));
        let function = self.model.function(name, &inputs, |data, args| {
            let params = self.params.keys().cloned().zip(args[1..].iter().copied()).collect();
            f(data, &params, Key::from(args[0]))
        })?;
        let mut args = vec![key.array()];
        args.extend(self.params.values().cloned());
        Ok(function.call(&args)?)
    }
}

/// The values of sites that `latents` makes of the parameters, with deterministic sites.
pub(super) fn answer<F: Family>(
    fitted: &Fitted<'_>,
    family: &F,
    name: &str,
    key: RngKey,
    latents: impl FnOnce(&F, &IndexMap<String, Tensor>, Key) -> Latents,
) -> Result<IndexMap<String, Array>, SviError> {
    let derived = Derived::new(fitted)?;
    let prototype = &fitted.prototype;
    let results = fitted.run(name, key, |data, params, key| {
        let Latents { values, leading, constrained } = latents(family, params, key);
        let finish = |values: &Vec<Tensor>| {
            let values: Vec<Tensor> = match constrained {
                true => values.clone(),
                false => prototype.constrained(data, values).into_iter().map(|(value, _)| value).collect(),
            };
            let further = derived.values(data, prototype, &values, params, constrained.then_some(key));
            [values, further].concat()
        };
        if leading.is_empty() {
            return finish(&values);
        }
        let n: usize = leading.iter().product();
        let rest = |x: Tensor| x.dims().get(leading.len()..).map(<[usize]>::to_vec).unwrap_or_default();
        let flat = values.iter().map(|x| x.reshape(&[vec![n], rest(*x)].concat())).collect();
        let made = vmap(finish)(&flat);
        let whole = |y: Tensor| y.reshape(&[&leading[..], y.dims().get(1..).unwrap_or_default()].concat());
        made.into_iter().map(whole).collect()
    })?;
    let names = prototype.names().into_iter().map(str::to_string).chain(derived.names());
    let mut found: IndexMap<String, Array> = names.zip(results).collect();
    // In the order of the program.
    let order = fitted.model.outputs();
    found.sort_by_key(|name, _| order.iter().position(|o| o.name == *name));
    Ok(found)
}

/// The deterministic sites of a program, as functions of its latent sites and parameters.
struct Derived {
    /// The program with these given; none where there is nothing to compute.
    program: Option<Program>,
    /// The names of what a prediction takes, and of values that the bound program was given.
    takes: Vec<String>,
    given: Vec<(String, Array)>,
    /// The deterministic sites, by their places among a prediction's results.
    sites: Vec<(usize, String)>,
}

impl Derived {
    fn new(fitted: &Fitted<'_>) -> Result<Derived, SviError> {
        let (bound, prototype) = (fitted.model, &fitted.prototype);
        let none = Derived { program: None, takes: Vec::new(), given: Vec::new(), sites: Vec::new() };
        let wanted: Vec<String> =
            bound.outputs().into_iter().filter(|o| !o.is_sample).map(|o| o.name).collect();
        if wanted.is_empty() || prototype.is_local() {
            return Ok(none);
        }
        let params = model_params(bound, &fitted.params);
        let params: Vec<&str> = params.iter().map(String::as_str).collect();
        let program = bound.program().substitute(&prototype.names())?.substitute_params(&params)?;
        let outputs = pyroxene_ir::passes::outputs_of(program.graph(), Query::Predictive);
        let sites = outputs.into_iter().enumerate();
        let sites = sites.filter(|(_, o)| wanted.contains(&o.name)).map(|(i, o)| (i, o.name)).collect();
        let takes = |kind: &SiteKind| match kind {
            SiteKind::Sample(sample) => matches!(sample.source, Source::Given { .. }),
            SiteKind::Param(param) => param.given,
            _ => false,
        };
        let takes = program.graph().sites().filter(|(_, site)| takes(&site.kind));
        let takes = takes.map(|(_, site)| site.name.clone()).collect();
        Ok(Derived { takes, given: bound.given_values().to_vec(), sites, program: Some(program) })
    }

    fn names(&self) -> impl Iterator<Item = String> {
        self.sites.iter().map(|(_, name)| name.clone())
    }

    /// Their values; NumPyro has the key of a seed 0 for what the model draws besides, unless there is one.
    fn values(
        &self,
        data: &[Tensor],
        prototype: &Prototype,
        values: &[Tensor],
        params: &IndexMap<String, Tensor>,
        key: Option<Key>,
    ) -> Vec<Tensor> {
        let Some(program) = &self.program else { return Vec::new() };
        let value = |name: &String| {
            let site = prototype.sites.iter().position(|s| s.name() == name);
            let given = || self.given.iter().find(|(n, _)| n == name).map(|(_, v)| Tensor::from(v.clone()));
            let found = site.map(|i| values[i]).or_else(|| params.get(name).copied()).or_else(given);
            found.unwrap_or_else(missing)
        };
        let key = key.unwrap_or_else(|| Key::new(0)).data();
        let args: Vec<Tensor> =
            data.iter().copied().chain([key]).chain(self.takes.iter().map(value)).collect();
        let all = program.embed(Query::Predictive, &args);
        self.sites.iter().map(|(i, _)| all.get(*i).copied().unwrap_or_else(missing)).collect()
    }
}
