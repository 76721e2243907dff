//! What is read of a message's fields, and which fields Caffe knows at all.

use crate::error::{Error, Result, quoted};

use super::text::{Content, Field, Message};

/// The fields of each message by the name it is found under, with the name around it where that makes a difference;
/// those that say nothing about inference are known, and passed over. The messages of other fields are not looked into.
const KNOWN: &[(&str, &str)] = &[
    ("", "name input input_shape input_dim force_backward state debug_info layer layers"),
    (
        "layer",
        "name type bottom top phase loss_weight param blobs propagate_down include exclude transform_param \
         loss_param accuracy_param argmax_param batch_norm_param bias_param concat_param contrastive_loss_param \
         convolution_param crop_param data_param dropout_param dummy_data_param eltwise_param elu_param embed_param \
         exp_param flatten_param hdf5_data_param hdf5_output_param hinge_loss_param image_data_param \
         infogain_loss_param inner_product_param input_param interp_param log_param lrn_param memory_data_param \
         mvn_param pooling_param power_param prelu_param python_param recurrent_param reduction_param relu_param \
         reshape_param scale_param sigmoid_param softmax_param spp_param slice_param tanh_param threshold_param \
         tile_param window_data_param blob_share_mode blobs_lr weight_decay",
    ),
    (
        "layers",
        "layer name type bottom top include exclude blobs param blob_share_mode blobs_lr weight_decay loss_weight \
         accuracy_param argmax_param concat_param contrastive_loss_param convolution_param data_param dropout_param \
         dummy_data_param eltwise_param exp_param hdf5_data_param hdf5_output_param hinge_loss_param \
         image_data_param infogain_loss_param inner_product_param lrn_param memory_data_param mvn_param \
         pooling_param power_param relu_param sigmoid_param softmax_param slice_param tanh_param threshold_param \
         window_data_param transform_param loss_param",
    ),
    (
        "layers layer",
        "name type num_output biasterm weight_filler bias_filler pad kernelsize group stride pool dropout_ratio \
         local_size alpha beta k source scale meanfile batchsize cropsize mirror blobs blobs_lr weight_decay \
         rand_skip det_fg_threshold det_bg_threshold det_fg_fraction det_context_pad det_crop_mode new_num \
         new_channels new_height new_width shuffle_images concat_dim hdf5_output_param",
    ),
    ("layer param", "name share_mode lr_mult decay_mult"),
    ("state", "phase level stage"),
    ("include", "phase min_level max_level stage not_stage"),
    ("exclude", "phase min_level max_level stage not_stage"),
    ("input_shape", "dim"),
    ("shape", "dim"),
    ("filler", FILLER),
    ("weight_filler", FILLER),
    ("bias_filler", FILLER),
    (
        "convolution_param",
        "num_output bias_term pad kernel_size stride dilation pad_h pad_w kernel_h kernel_w stride_h stride_w \
         group weight_filler bias_filler engine axis force_nd_im2col",
    ),
    ("embed_param", "num_output input_dim bias_term weight_filler bias_filler"),
    ("inner_product_param", "num_output bias_term weight_filler bias_filler axis transpose"),
    (
        "pooling_param",
        "pool pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w engine global_pooling \
         round_mode",
    ),
    ("lrn_param", "local_size alpha beta norm_region k engine"),
    ("relu_param", "negative_slope engine"),
    ("elu_param", "alpha"),
    ("prelu_param", "filler channel_shared"),
    ("sigmoid_param", "engine"),
    ("tanh_param", "engine"),
    ("softmax_param", "engine axis"),
    ("concat_param", "axis concat_dim"),
    ("slice_param", "axis slice_point slice_dim"),
    ("eltwise_param", "operation coeff stable_prod_grad"),
    ("flatten_param", "axis end_axis"),
    ("reshape_param", "shape axis num_axes"),
    ("batch_norm_param", "use_global_stats moving_average_fraction eps"),
    ("scale_param", "axis num_axes filler bias_term bias_filler"),
    ("bias_param", "axis num_axes filler"),
    ("power_param", "power scale shift"),
    ("exp_param", "base scale shift"),
    ("log_param", "base scale shift"),
    ("threshold_param", "threshold"),
    ("spp_param", "pyramid_height pool engine"),
    ("mvn_param", "normalize_variance across_channels eps"),
    ("reduction_param", "operation axis coeff"),
    ("tile_param", "axis tiles"),
    ("crop_param", "axis offset"),
    ("interp_param", "height width zoom_factor shrink_factor pad_beg pad_end"),
    ("input_param", "shape"),
    ("dropout_param", "dropout_ratio"),
];

const FILLER: &str = "type value min max mean std sparse variance_norm";

/// A line for each field of a network, and of the messages in it, that nobody knows.
///
/// # Errors
/// If one that holds fields is a value instead.
pub(super) fn unknown(network: &Message) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    look_into("", known("", "").unwrap_or_default(), network, &mut lines)?;
    Ok(lines)
}

fn look_into(name: &str, names: &str, message: &Message, lines: &mut Vec<String>) -> Result<()> {
    for field in &message.fields {
        if !names.split_whitespace().any(|known| known == field.name) {
            let place = if name.is_empty() { "the network".to_owned() } else { quoted(name) };
            lines.push(format!(
                "line {}: the field {} of {place} is not known",
                field.line,
                quoted(&field.name)
            ));
            continue;
        }
        match (&field.value, known(name, &field.name)) {
            (Content::Message(inner), Some(names)) => look_into(&field.name, names, inner, lines)?,
            (Content::Scalar(text), Some(_)) => return Err(field.wrong("fields in braces", &quoted(text))),
            _ => {}
        }
    }
    Ok(())
}

/// The names of the fields under `name` within `around`.
fn known(around: &str, name: &str) -> Option<&'static str> {
    let within = |row: &str| row.split_once(' ').is_some_and(|place| place == (around, name));
    let row = KNOWN.iter().find(|(row, _)| within(row));
    row.or_else(|| KNOWN.iter().find(|(row, _)| *row == name)).map(|(_, names)| *names)
}

impl Message {
    /// All fields of a name.
    pub(super) fn all<'m, 'n>(&'m self, name: &'n str) -> impl Iterator<Item = &'m Field> + use<'m, 'n> {
        self.fields.iter().filter(move |field| field.name == name)
    }

    /// The messages under a name.
    pub(super) fn messages<'m, 'n>(&'m self, name: &'n str) -> impl Iterator<Item = &'m Self> + use<'m, 'n> {
        self.all(name).filter_map(|field| match &field.value {
            Content::Message(message) => Some(message),
            Content::Scalar(_) => None,
        })
    }

    /// The texts under a name.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>> {
        self.all(name).map(Field::text).collect()
    }

    /// The text under a name; of several, the last one counts.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>> {
        self.all(name).last().map(Field::text).transpose()
    }

    /// Natural numbers under a name.
    pub(super) fn counts(&self, name: &str) -> Result<Vec<usize>> {
        self.all(name).map(Field::count).collect()
    }

    pub(super) fn count(&self, name: &str) -> Result<Option<usize>> {
        self.all(name).last().map(Field::count).transpose()
    }

    /// A whole number, below zero or not.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>> {
        self.all(name).last().map(Field::integer).transpose()
    }

    pub(super) fn integers(&self, name: &str) -> Result<Vec<i64>> {
        self.all(name).map(Field::integer).collect()
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        self.all(name).map(Field::number).collect()
    }

    /// A number, or what is meant where there is none.
    pub(super) fn number_or(&self, name: &str, otherwise: f64) -> Result<f64> {
        Ok(self.all(name).last().map(Field::number).transpose()?.unwrap_or(otherwise))
    }

    /// Yes or no, or what is meant where nothing is said.
    pub(super) fn flag_or(&self, name: &str, otherwise: bool) -> Result<bool> {
        Ok(self.all(name).last().map(Field::flag).transpose()?.unwrap_or(otherwise))
    }
}

impl Field {
    pub(super) fn text(&self) -> Result<&str> {
        match &self.value {
            Content::Scalar(text) => Ok(text),
            Content::Message(_) => Err(self.wrong("a value", "fields in braces")),
        }
    }

    fn count(&self) -> Result<usize> {
        let text = self.text()?;
        text.parse().map_err(|_| self.wrong("a whole number of 0 or more", &quoted(text)))
    }

    fn integer(&self) -> Result<i64> {
        let text = self.text()?;
        text.parse().map_err(|_| self.wrong("a whole number", &quoted(text)))
    }

    fn number(&self) -> Result<f64> {
        let text = self.text()?;
        // C writes floats with an f behind.
        let number = text.strip_suffix('f').unwrap_or(text).parse().ok();
        number.filter(|number: &f64| number.is_finite()).ok_or_else(|| self.wrong("a number", &quoted(text)))
    }

    fn flag(&self) -> Result<bool> {
        match self.text()? {
            "true" | "True" | "t" | "1" => Ok(true),
            "false" | "False" | "f" | "0" => Ok(false),
            other => Err(self.wrong("true or false", &quoted(other))),
        }
    }

    fn wrong(&self, expected: &str, found: &str) -> Error {
        Error::format(format!("{} is {found}, expected {expected}", quoted(&self.name))).at_line(self.line)
    }
}
