using System.Runtime.CompilerServices;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference;
using VariationalInference.Tests.Serialization;

// What a program compiled to native code would do with the library, each answer held against a closed form or against the same
// run's other road. Ends with 1 when one of them is wrong.
int wrong = 0;

void Check(string what, bool right)
{
    Console.WriteLine($"{(right ? "right" : "WRONG")}: {what}");
    wrong += right ? 0 : 1;
}

bool Near(double value, double expected, double tolerance) => Math.Abs(value - expected) <= tolerance;

Check("this is native code", !RuntimeFeature.IsDynamicCodeCompiled);

// z_j = K x̄ / (σ² + K J) and var z_j = 1 − K / (σ² + K J), with K = 2, J = 3, σ² = 1 and x̄ = 1.
var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
CaviResult fit = new CaviSolver().Solve(model, [1.2, 0.8]);
Check($"coordinate ascent: {fit.MeanField[0]}", fit.Converged && Near(fit.MeanField[0].Mean, 2.0 / 7, 1e-9));
Check($"linear response: {fit.Exact[0]}", Near(fit.Exact[0].Variance, 5.0 / 7, 1e-12));

var elbo = new FixedFormElbo(model.Observe([1.2, 0.8]));
GradientAscentResult walked = elbo.Maximize();
Check($"gradient ascent: {walked.MeanField[0]}", Near(walked.MeanField[0].Mean, 2.0 / 7, 1e-6));

Matrix<double> rows = model.Sample(4_000, seed: 1).Observations;
CaviTable table = new CaviSolver().Solve(model, rows, CaviOutputs.ErrorBounds);
Check($"a table: {table}", Near(table.Means[7, 0], (rows[7, 0] + rows[7, 1]) / 7, 1e-9));

var general = new LinearGaussianModel(Matrix<double>.Build.DenseOfArray(new double[,] { { 1, 0.5 }, { 0, 1 }, { 2, -1 } }), [0, 1, 0], [0.1, 0.2, 0.4], [0, 0], [1, 2]);
CaviResult partly = new CaviSolver().Solve(general, [1.0, double.NaN, 0.5]);
Check("a general model with a missing cell", partly.Converged && Near(partly.MeanField[0].Mean, general.Posterior([1.0, double.NaN, 0.5])[0].Mean, 1e-8));

var encoder = new MlpEncoder(observationCount: 2, latentCount: 1, hiddenWidths: [32, 32], seed: 1);
var options = new HybridOptions { AmortizedLatents = [0], Estimator = GradientEstimator.StickingTheLanding };
HybridResult hybrid = new HybridSolver(options).Fit(model, encoder, rows);
Check($"hybrid: {hybrid}", hybrid.Converged && Near(hybrid.Infer([1.2, 0.8]).MeanField[0].Mean, 2.0 / 7, 0.05));

string folder = Directory.CreateTempSubdirectory().FullName;
try
{
    string encoderFile = Path.Combine(folder, "encoder.safetensors");
    hybrid.Encoder.Save(encoderFile);
    var loaded = new HybridInference(model, MlpEncoder.Load(encoderFile), amortizedLatents: [0]);
    Check("an encoder, saved and loaded", loaded.Infer([1.2, 0.8]).MeanField[0] == hybrid.Infer([1.2, 0.8]).MeanField[0]);

    string inferenceFile = Path.Combine(folder, "hybrid.vi");
    hybrid.Save(inferenceFile);
    Check("hybrid inference, saved to one file and loaded", HybridInference.Load(inferenceFile).Infer([1.2, 0.8]).MeanField[0] == hybrid.Infer([1.2, 0.8]).MeanField[0]);

    string fitFile = Path.Combine(folder, "fit.vi");
    MixedModelFit mixed = new MixedModel("y", [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0]).Random("batch", ["a", "a", "a", "b", "b", "c", "c", "c"]).Fit();
    mixed.Save(fitFile);
    Check("a mixed model, saved and loaded", MixedModelFit.Load(fitFile).Summary().ToString() == mixed.Summary().ToString());

    string checkpointFile = Path.Combine(folder, "training.checkpoint");
    hybrid.Checkpoint.Save(checkpointFile);
    HybridOptions further = hybrid.Checkpoint.Options with { GapTolerance = hybrid.Checkpoint.Options.GapTolerance / 2 };
    HybridResult resumed = new HybridSolver(further).Resume(model, hybrid.Checkpoint, rows);
    HybridResult reloaded = new HybridSolver(further).Resume(model, HybridCheckpoint.Load(checkpointFile), rows);
    Check("a checkpoint, saved, loaded and gone on from", reloaded.Infer([1.2, 0.8]).MeanField[0] == resumed.Infer([1.2, 0.8]).MeanField[0]);

    var decoder = new DecoderModel(new MlpDecoder(latentCount: 1, observationCount: 2, hiddenWidths: [8]), linearLatentCount: 1);
    DecoderResult bent = new HybridSolver(new DecoderOptions { MaxEpochs = 2 }).Fit(decoder, new MlpEncoder(2, 1, hiddenWidths: [8]), rows);
    bent.Save(inferenceFile);
    bent.Checkpoint.Save(checkpointFile);
    Check("a hybrid with a decoder, saved and loaded", DecoderInference.Load(inferenceFile).Infer([1.2, 0.8]).Elbo == bent.Infer([1.2, 0.8]).Elbo);
    Check("its training, saved and loaded", DecoderCheckpoint.Load(checkpointFile).Options == bent.Checkpoint.Options && ResultJson.Serialize(bent).Contains("evaluation", StringComparison.Ordinal));
    Check("options, written and read", HybridOptions.FromJson(further.ToJson()).ToJson() == further.ToJson());
}
finally
{
    Directory.Delete(folder, recursive: true);
}

string json = ResultJson.Serialize(fit.Exact);
var read = ResultJson.Deserialize<GaussianPosterior>(json);
Check("a posterior as JSON, and back", read is MultivariateGaussian && ResultJson.Serialize(read) == json);
var unknown = new Prediction { Mean = 1.5, MeanSd = double.NaN, Sd = double.PositiveInfinity };
Check("NaN and infinities as JSON, and back", ResultJson.Deserialize<Prediction>(ResultJson.Serialize(unknown)) == unknown);
var jsonOptions = new JsonSerializerOptions { TypeInfoResolver = ResultJson.Resolver };
string Written(object result) => JsonSerializer.Serialize(result, jsonOptions.GetTypeInfo(result.GetType()));
object? Read(string text, Type type) => JsonSerializer.Deserialize(text, jsonOptions.GetTypeInfo(type));
object[] plain = [.. JsonSamples.Plain()], bound = [.. JsonSamples.Bound()];
Check($"{plain.Length} plain results as JSON, and back", plain.All(result => Written(Read(Written(result), result.GetType())!) == Written(result)));
Check($"{bound.Length} results of models and tables as JSON", bound.All(result => Written(result).StartsWith('{')));

// A sum model's likelihood depends on the noise and on Σs² alone: the learned model must be a stationary point that draws are close to.
VariationalEmResult learned = new VariationalEm().Learn(new GaussianSumModel(3, 2), SufficientStatistics.Of(rows));
Check($"learning: noise {learned.NoiseVariances[0]:F2}", learned.Converged && Near(learned.NoiseVariances[0], 1, 0.1));

return wrong == 0 ? 0 : 1;
