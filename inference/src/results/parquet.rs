//! The posterior's table as a Parquet file, one row group a chain.

use std::{fs::File, io, path::Path, sync::Arc};

use parquet::{
    basic::{Repetition, Type as Physical},
    column::{reader::ColumnReader, writer::ColumnWriter},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        reader::{FileReader, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    schema::types::Type,
};

use super::{
    files::replace_file,
    format::invalid,
    posterior::{Posterior, StatKind},
    table::{Column, Read, columns},
};

impl Posterior {
    pub(super) fn save_parquet(&self, path: &Path) -> io::Result<()> {
        replace_file(path, |file| self.write_parquet(file.try_clone()?).map_err(failed))
    }

    fn write_parquet(&self, file: File) -> Result<(), ParquetError> {
        let columns = columns(self);
        let fields = columns.iter().map(|c| {
            let field = Type::primitive_type_builder(&c.name, physical(c.kind));
            field.with_repetition(Repetition::REQUIRED).build().map(Arc::new)
        });
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder("posterior").with_fields(fields).build()?;
        let mut writer =
            SerializedFileWriter::new(file, Arc::new(schema), Arc::new(WriterProperties::default()))?;
        for chain in 0..self.num_chains() {
            let mut group = writer.next_row_group()?;
            let mut next = columns.iter();
            while let (Some(mut to), Some(column)) = (group.next_column()?, next.next()) {
                let rows = chain * self.num_draws()..(chain + 1) * self.num_draws();
                write(to.untyped(), rows.map(|row| column.at(row)), column)?;
                to.close()?;
            }
            group.close()?;
        }
        writer.close()?;
        Ok(())
    }

    pub(super) fn load_parquet(path: &Path) -> io::Result<Vec<Read>> {
        let reader = SerializedFileReader::new(File::open(path)?).map_err(failed)?;
        let fields = reader.metadata().file_metadata().schema_descr().columns().to_vec();
        let mut columns = Vec::with_capacity(fields.len());
        for (i, field) in fields.iter().enumerate() {
            let (mut values, mut kind) = (Vec::new(), StatKind::Real);
            for group in 0..reader.num_row_groups() {
                let group = reader.get_row_group(group).map_err(failed)?;
                let rows =
                    usize::try_from(group.metadata().num_rows()).map_err(|e| invalid(e.to_string()))?;
                let column = group.get_column_reader(i).map_err(failed)?;
                kind = read(column, rows, &mut values).map_err(failed)?.ok_or_else(|| {
                    invalid(format!(
                        "column `{}` holds {}, expected numbers",
                        field.name(),
                        field.physical_type()
                    ))
                })?;
            }
            columns.push(Read { name: field.name().to_owned(), kind, values });
        }
        Ok(columns)
    }
}

fn failed(error: ParquetError) -> io::Error {
    invalid(error.to_string())
}

fn physical(kind: StatKind) -> Physical {
    match kind {
        StatKind::Real => Physical::DOUBLE,
        StatKind::Count => Physical::INT64,
        StatKind::Flag => Physical::BOOLEAN,
    }
}

fn write(
    to: &mut ColumnWriter<'_>,
    values: impl Iterator<Item = f64>,
    column: &Column<'_>,
) -> Result<(), ParquetError> {
    let written = match to {
        ColumnWriter::DoubleColumnWriter(to) => to.write_batch(&values.collect::<Vec<_>>(), None, None),
        ColumnWriter::Int64ColumnWriter(to) => {
            to.write_batch(&values.map(|x| x as i64).collect::<Vec<_>>(), None, None)
        }
        ColumnWriter::BoolColumnWriter(to) => {
            to.write_batch(&values.map(|x| x != 0.0).collect::<Vec<_>>(), None, None)
        }
        _ => Err(ParquetError::General(format!("column `{}` has another type", column.name))),
    };
    written.map(drop)
}

/// Appends a column's values; `None` where they are no numbers.
fn read(column: ColumnReader, rows: usize, to: &mut Vec<f64>) -> Result<Option<StatKind>, ParquetError> {
    Ok(Some(match column {
        ColumnReader::DoubleColumnReader(mut from) => {
            from.read_records(rows, None, None, to)?;
            StatKind::Real
        }
        ColumnReader::FloatColumnReader(mut from) => {
            let mut values = Vec::new();
            from.read_records(rows, None, None, &mut values)?;
            to.extend(values.into_iter().map(f64::from));
            StatKind::Real
        }
        ColumnReader::Int64ColumnReader(mut from) => {
            let mut values = Vec::new();
            from.read_records(rows, None, None, &mut values)?;
            to.extend(values.into_iter().map(|x| x as f64));
            StatKind::Count
        }
        ColumnReader::BoolColumnReader(mut from) => {
            let mut values = Vec::new();
            from.read_records(rows, None, None, &mut values)?;
            to.extend(values.into_iter().map(|x| f64::from(u8::from(x))));
            StatKind::Flag
        }
        _ => return Ok(None),
    }))
}
