//! Curves of latency and throughput, drawn from reports as SVG.

use plotters::chart::{ChartBuilder, ChartContext, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::prelude::{
    BLACK, Cartesian2d, Circle, Color as _, DrawingArea, IntoDrawingArea as _, IntoLogRange as _,
    LineSeries, PathElement, RGBColor, SVGBackend, WHITE,
};
use serde::Deserialize;

/// A picture's width and height in pixels.
const SIZE: (u32, u32) = (860, 420);

/// Apart from each other also for those who see no red: by brightness.
const COLOURS: [RGBColor; 3] = [
    RGBColor(20, 60, 140),
    RGBColor(210, 100, 20),
    RGBColor(120, 170, 200),
];

/// What of a report is drawn.
#[derive(Clone, Debug, Deserialize)]
pub struct Point {
    verb: String,
    passed: bool,
    rate_per_s: f64,
    latency_ms: Quantiles,
    load: Load,
    batches: Option<Batches>,
}

#[derive(Clone, Debug, Deserialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
    p99_9: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Load {
    connections: u32,
    batch: u32,
    duplicates: f64,
    arrivals_per_s: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
struct Batches {
    entries_per_batch: f64,
}

/// A picture: its file's name and its SVG.
#[derive(Debug)]
pub struct Picture {
    /// Without a folder.
    pub name: &'static str,
    /// The text of the file.
    pub svg: String,
}

/// Why nothing is drawn.
#[derive(Debug, thiserror::Error)]
pub enum NotDrawn {
    /// Too few runs.
    #[error(
        "a curve needs at least two runs that passed, and there are {0}: measure them with `loadtest all --curves`"
    )]
    TooFew(usize),
    /// The drawing failed.
    #[error("a picture could not be drawn: {0}")]
    Backend(String),
}

/// The pictures that these runs of single entries give: latency over arrivals (the open loop), throughput and batch size
/// over connections (the closed one). Runs that failed are left out.
pub fn pictures(points: &[Point]) -> Result<Vec<Picture>, NotDrawn> {
    let single = |point: &&Point| {
        let load = &point.load;
        point.passed && point.verb == "single" && load.batch == 1 && load.duplicates == 0.0
    };
    let (open, closed): (Vec<&Point>, Vec<&Point>) = points
        .iter()
        .filter(single)
        .partition(|point| point.load.arrivals_per_s.is_some());
    Ok(vec![
        Picture {
            name: "latency.svg",
            svg: latency(&open)?,
        },
        Picture {
            name: "throughput.svg",
            svg: throughput(&closed)?,
        },
        Picture {
            name: "batches.svg",
            svg: batches(&closed)?,
        },
    ])
}

type Curve<'a> = (&'a str, Vec<(f64, f64)>);

fn latency(open: &[&Point]) -> Result<String, NotDrawn> {
    let curve =
        |of: fn(&Quantiles) -> f64| {
            sorted(open.iter().filter_map(|point| {
                Some((point.load.arrivals_per_s?, of(&point.latency_ms).max(0.1)))
            }))
        };
    let curves = [
        ("p50", curve(|ms| ms.p50)),
        ("p99", curve(|ms| ms.p99)),
        ("p99.9", curve(|ms| ms.p99_9)),
    ];
    let (right, top) = bounds(&curves)?;
    let mut svg = String::new();
    draw(&mut svg, |area| {
        let chart = titled("Latency of single entries, open loop", area)
            .build_cartesian_2d(0.0..right * 1.02, (0.5..top * 1.5).log_scale())
            .map_err(|error| NotDrawn::Backend(error.to_string()))?;
        lines(
            chart,
            "entries that arrive a second",
            "ms, from arrival to answer",
            &curves,
        )
    })?;
    Ok(svg)
}

fn throughput(closed: &[&Point]) -> Result<String, NotDrawn> {
    let curve = sorted(
        closed
            .iter()
            .map(|point| (f64::from(point.load.connections), point.rate_per_s)),
    );
    over_connections(
        "Throughput of single entries, closed loop",
        "entries a second",
        &[("answered", curve)],
    )
}

fn batches(closed: &[&Point]) -> Result<String, NotDrawn> {
    let curve = sorted(closed.iter().filter_map(|point| {
        let batches = point.batches.as_ref()?;
        Some((f64::from(point.load.connections), batches.entries_per_batch))
    }));
    over_connections(
        "Entries that share one commit",
        "entries a batch",
        &[("entries a batch", curve)],
    )
}

fn over_connections(title: &str, unit: &str, curves: &[Curve<'_>]) -> Result<String, NotDrawn> {
    let (right, top) = bounds(curves)?;
    let mut svg = String::new();
    draw(&mut svg, |area| {
        let chart = titled(title, area)
            .build_cartesian_2d((1.0..right * 1.1).log_scale(), 0.0..top * 1.1)
            .map_err(|error| NotDrawn::Backend(error.to_string()))?;
        lines(
            chart,
            "connections, each with one entry in flight",
            unit,
            curves,
        )
    })?;
    Ok(svg)
}

fn sorted(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = points.collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    // Of several runs at one place the middle one is drawn.
    let alike = points.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq());
    alike
        .filter_map(|alike| {
            let mut heights: Vec<f64> = alike.iter().map(|point| point.1).collect();
            heights.sort_by(f64::total_cmp);
            Some((alike.first()?.0, *heights.get(heights.len() / 2)?))
        })
        .collect()
}

/// The largest of both coordinates. A curve of fewer than two points is none.
fn bounds(curves: &[Curve<'_>]) -> Result<(f64, f64), NotDrawn> {
    let fewest = curves
        .iter()
        .map(|(_, points)| points.len())
        .min()
        .unwrap_or(0);
    if fewest < 2 {
        return Err(NotDrawn::TooFew(fewest));
    }
    let all = curves.iter().flat_map(|(_, points)| points);
    Ok(all.fold((1.0, 1.0), |(x, y): (f64, f64), point| {
        (x.max(point.0), y.max(point.1))
    }))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(
    svg: &mut String,
    paint: impl FnOnce(&Area<'_>) -> Result<(), NotDrawn>,
) -> Result<(), NotDrawn> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)
        .map_err(|error| NotDrawn::Backend(error.to_string()))?;
    paint(&area)?;
    area.present()
        .map_err(|error| NotDrawn::Backend(error.to_string()))
}

fn titled<'a, 'b>(title: &str, area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder
        .caption(title, ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(64);
    builder
}

fn lines<'a, X, Y>(
    mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
    across: &str,
    up: &str,
    curves: &[Curve<'_>],
) -> Result<(), NotDrawn>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64> + 'a,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64> + 'a,
{
    let failed = |error: &dyn std::fmt::Display| NotDrawn::Backend(error.to_string());
    chart
        .configure_mesh()
        .x_desc(across)
        .y_desc(up)
        .x_label_formatter(&|number| number.to_string())
        .y_label_formatter(&|number| number.to_string())
        .axis_desc_style(("sans-serif", 14))
        .label_style(("sans-serif", 13))
        .light_line_style(BLACK.mix(0.05))
        .bold_line_style(BLACK.mix(0.15))
        .draw()
        .map_err(|error| failed(&error))?;
    for ((name, points), colour) in curves.iter().zip(COLOURS) {
        chart
            .draw_series(LineSeries::new(
                points.iter().copied(),
                colour.stroke_width(2),
            ))
            .map_err(|error| failed(&error))?
            .label(*name)
            .legend(move |(x, y)| {
                PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2))
            });
        let dots = points
            .iter()
            .map(|point| Circle::new(*point, 3, colour.filled()));
        chart.draw_series(dots).map_err(|error| failed(&error))?;
    }
    if curves.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.9))
            .border_style(BLACK.mix(0.3))
            .draw()
            .map_err(|error| failed(&error))?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn report(connections: u32, arrivals: Option<f64>, passed: bool) -> Value {
        json!({"verb": "single", "passed": passed, "rate_per_s": 1000.0 * f64::from(connections),
            "latency_ms": {"p50": 1.0, "p90": 2.0, "p99": 3.0, "p99_9": 4.0, "max": 5.0},
            "load": {"connections": connections, "batch": 1, "duplicates": 0.0, "arrivals_per_s": arrivals},
            "batches": {"batches": 1, "entries_per_batch": 7.5, "step_ms": {}}})
    }

    fn points(reports: &[Value]) -> Vec<Point> {
        let points = reports
            .iter()
            .map(|report| serde_json::from_value(report.clone()));
        points.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn each_curve_has_a_dot_for_each_run_that_passed() {
        let reports = [
            report(1, None, true),
            report(4, None, true),
            report(16, None, false),
            report(64, None, true),
            report(512, Some(500.0), true),
            report(512, Some(2_000.0), true),
        ];
        let pictures = pictures(&points(&reports)).unwrap();
        let dots = |name: &str| {
            let picture = pictures
                .iter()
                .find(|picture| picture.name == name)
                .unwrap();
            assert!(picture.svg.starts_with("<svg "), "{}", picture.svg);
            picture.svg.matches("<circle ").count()
        };
        assert_eq!(dots("throughput.svg"), 3);
        assert_eq!(dots("batches.svg"), 3);
        assert_eq!(dots("latency.svg"), 3 * 2);
    }

    #[test]
    fn of_runs_at_one_place_the_middle_one_is_drawn() {
        let runs = [(2.0, 9.0), (1.0, 5.0), (2.0, 1.0), (2.0, 3.0)];
        assert_eq!(sorted(runs.into_iter()), [(1.0, 5.0), (2.0, 3.0)]);
    }

    #[test]
    fn one_run_is_no_curve() {
        let refused = pictures(&points(&[
            report(1, None, true),
            report(512, Some(5.0), true),
        ]));
        assert!(matches!(refused, Err(NotDrawn::TooFew(1))));
    }
}
