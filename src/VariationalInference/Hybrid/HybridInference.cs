using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// An encoder for some latents of a model and closed-form updates for the rest, ready to infer the latents of any row without
/// training.
/// </summary>
/// <remarks>
/// Inference costs one forward pass and the closed-form coordinate block; nothing is stored by row. Gaps on <see cref="HybridTable"/> are
/// exact for each row, also for rows unlike those of training. Rows may have missing cells where the encoder accepts that. Where an encoder
/// extrapolates so far that double precision cannot hold a variance, the variance is that of the log-variance ±700. Take it to infer with
/// what was loaded, by <see cref="Load(string, IEncoder?)"/>; training gives a <see cref="HybridResult"/>, which is one. A row costs one forward pass and O(J²).
/// <threadsafety>Safe to share. Do not write the parameters of <see cref="Encoder"/>; clone it to train on.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// HybridResult hybrid = new HybridSolver().Fit(model, new MlpEncoder(2, 1), model.Sample(2_000, seed: 1).Observations);
/// hybrid.Save("trained.safetensors");
///
/// HybridInference inference = HybridInference.Load("trained.safetensors");
/// HybridRow row = inference.Infer([1.2, 0.8]);
/// Console.WriteLine(row.ToString() == hybrid.Infer([1.2, 0.8]).ToString());   // True
/// </code>
/// </example>
public partial class HybridInference
{
    private readonly ConcurrentBag<HybridPass> _rowPasses = [];

    // The pass that was used last, which one thread alone gets back without a search.
    private HybridPass? _lastRowPass;

    /// <summary>Initializes a new instance of the <see cref="HybridInference"/> class.</summary>
    /// <param name="model">The model.</param>
    /// <param name="encoder">The trained encoder, from K observations to as many latents as are amortized. It is not copied.</param>
    /// <param name="amortizedLatents">The latents that it serves, counted from 0, in the order of its outputs.</param>
    /// <exception cref="ArgumentException">The encoder does not fit the model or the latents, or a latent does not exist or is named twice.</exception>
    public HybridInference(LinearGaussianModel model, IEncoder encoder, ImmutableArray<int> amortizedLatents)
        : this(Checked(model, encoder, amortizedLatents), encoder, new AmortizedBlocks(model, amortizedLatents))
    {
    }

    internal HybridInference(LinearGaussianModel model, IEncoder encoder, AmortizedBlocks blocks)
    {
        Model = model;
        Encoder = encoder;
        Blocks = blocks;
        encoder.Prepare();
    }

    /// <summary>Gets the model.</summary>
    public LinearGaussianModel Model { get; }

    /// <summary>Gets the encoder.</summary>
    public IEncoder Encoder { get; }

    /// <summary>Gets the latents that the encoder serves, in the order of its outputs.</summary>
    public ImmutableArray<int> AmortizedLatents => Blocks.Complete.Amortized;

    /// <summary>
    /// Gets the number of sweeps of coordinate updates over the coordinate latents, from their prior means, for each row that is inferred; what they
    /// lose against the best is the row's optimization gap. Range: at least 1.
    /// </summary>
    /// <value>The default is <see langword="null"/>: the block is solved exactly.</value>
    public int? CoordinateSweeps { get; init => field = value is int sweeps ? Guard.AtLeast(sweeps, 1, nameof(CoordinateSweeps)) : null; }

    /// <summary>Gets the amortization gap above which the rows of a table are flagged, in nats. Range: at least 0.</summary>
    /// <value>The default is 0.01; of a <see cref="HybridResult"/>, the largest gap of a held-out row, or the gap tolerance if that is larger.</value>
    public double GapLimit { get; init => field = Guard.NonNegative(value, nameof(GapLimit)); } = 0.01;

    /// <summary>Gets the largest number of threads that work on a table; results do not depend on it. Range: at least 1.</summary>
    /// <value>The default is the number of processors.</value>
    public int MaxThreads { get; init => field = Guard.AtLeast(value, 1, nameof(MaxThreads)); } = Environment.ProcessorCount;

    internal AmortizedBlocks Blocks { get; }

    /// <summary>Infers the latents of one row: a forward pass, then the closed-form block, and the exact gaps of what comes of it.</summary>
    /// <param name="row">The observations x, length K, all finite, or NaN where missing if the encoder accepts that.</param>
    /// <returns>The hybrid posterior of all latents, in the model's order, with its gaps.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds a value that is not allowed.</exception>
    /// <exception cref="NonFiniteValueException">An output of the encoder is not finite.</exception>
    public HybridRow Infer(ReadOnlySpan<double> row)
    {
        var means = new double[Model.LatentCount];
        var variances = new double[Model.LatentCount];
        HybridGaps gaps = InferInto(row, means, variances);
        return new HybridRow
        {
            MeanField = MeanFieldGaussian.Adopt(means, ImmutableCollectionsMarshal.AsImmutableArray(variances), Model.LatentNames),
            Gaps = gaps,
        };
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Infer(ReadOnlySpan{double})"/>
    [OverloadResolutionPriority(-1)]
    public HybridRow Infer(ReadOnlySpan<float> row)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        return Infer(wide.Values);
    }

    /// <summary>Infers the latents of one row into the caller's buffers; allocates nothing once the model has met the row's pattern of missing cells.</summary>
    /// <param name="row">The observations x, length K, all finite, or NaN where missing if the encoder accepts that.</param>
    /// <param name="means">Receives the posterior means, length J.</param>
    /// <param name="meanFieldVariances">Receives the mean-field variances, length J.</param>
    /// <returns>How good the posterior is.</returns>
    /// <exception cref="ArgumentException">A buffer or <paramref name="row"/> has another length, or the row holds a value that is not allowed.</exception>
    /// <exception cref="NonFiniteValueException">An output of the encoder is not finite.</exception>
    public HybridGaps Infer(ReadOnlySpan<double> row, Span<double> means, Span<double> meanFieldVariances)
    {
        Guard.Length(means.Length, Model.LatentCount, nameof(means), "one for each latent");
        Guard.Length(meanFieldVariances.Length, Model.LatentCount, nameof(meanFieldVariances), "one for each latent");
        Guard.NoOverlap(means, meanFieldVariances, nameof(means), nameof(meanFieldVariances));
        return InferInto(row, means, meanFieldVariances);
    }

    /// <summary>Infers the latents of every row of a table, with the exact gaps of each.</summary>
    /// <param name="table">The observations, N×K, all finite, or NaN where missing if the encoder accepts that.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The hybrid posteriors and their gaps.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width or holds a value that is not allowed.</exception>
    /// <exception cref="NonFiniteValueException">An output of the encoder is not finite, or a row's evidence is not.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public HybridTable Infer(Matrix<double> table, CancellationToken cancellationToken = default)
    {
        RowTable.Require(Model, table, nameof(table), Encoder.AcceptsMissing);
        return new HybridTablePass(this, table, cancellationToken).Run();
    }

    /// <inheritdoc cref="Infer(Matrix{double}, CancellationToken)"/>
    public HybridTable Infer(RowSpan table, CancellationToken cancellationToken = default)
    {
        RowTable.RequireSize(Model, table.RowCount, table.ColumnCount, nameof(table));
        return Infer(table.ToMatrix(), cancellationToken);
    }

    /// <summary>
    /// Starts from the encoder and finishes a row by coordinate ascent (semi-amortized inference): the best mean-field posterior, with its
    /// certificate, also for rows unlike those of training.
    /// </summary>
    /// <param name="row">The observations x, length K, all finite, or NaN where missing if the encoder accepts that.</param>
    /// <param name="options">How to go about it and when to stop; <see langword="null"/> for the defaults.</param>
    /// <returns>The outcome of coordinate ascent, converged or not.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds a value that is not allowed.</exception>
    /// <exception cref="NonFiniteValueException">An output of the encoder, or the ELBO, is not finite.</exception>
    public CaviResult Refine(ReadOnlySpan<double> row, CaviOptions? options = null) =>
        new CaviSolver(options).Solve(Model, row, Infer(row).MeanField.Means.AsSpan());

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Refine(ReadOnlySpan{double}, CaviOptions?)"/>
    [OverloadResolutionPriority(-1)]
    public CaviResult Refine(ReadOnlySpan<float> row, CaviOptions? options = null)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        return Refine(wide.Values, options);
    }

    /// <summary>
    /// Returns what predicts with the latents' means as they are inferred here, and the exact covariance of the model. Rows may have missing cells, to be
    /// predicted, where the encoder accepts that; log densities of rows are those of the model, whoever infers.
    /// </summary>
    /// <returns>The predictor.</returns>
    public Predictor Predictor() => new(Model, [], cells => [.. Infer(cells.AsSpan()).MeanField.Means]);

    /// <summary>Names the encoder, the latents that it serves, and the model.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Encoder} for the latents {Wording.List(AmortizedLatents)} of {Model}";

    private static LinearGaussianModel Checked(LinearGaussianModel model, IEncoder encoder, ImmutableArray<int> amortizedLatents)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(encoder);
        AmortizedLatentsGuard.Require(amortizedLatents, nameof(amortizedLatents));
        AmortizedLatentsGuard.RequireFit(model, encoder, amortizedLatents, nameof(amortizedLatents), nameof(amortizedLatents), nameof(encoder));
        return model;
    }

    private HybridGaps InferInto(ReadOnlySpan<double> row, Span<double> means, Span<double> variances)
    {
        Model.RequireRow(row);
        RequireCells(row);
        HybridPass? pass = Interlocked.Exchange(ref _lastRowPass, null);
        if (pass is null && !_rowPasses.TryTake(out pass))
        {
            pass = new HybridPass(this, capacity: 1);
        }

        row.CopyTo(pass.NextRow);
        pass.Load(rowNumber: 0);
        pass.Encode();
        pass.Infer(position: 0);
        pass.Write(means, variances, stride: 1);
        var gaps = new HybridGaps
        {
            Elbo = pass.Elbo,
            LogEvidence = pass.LogEvidence,
            Approximation = pass.ApproximationGap,
            Amortization = pass.AmortizationGap,
            Optimization = pass.OptimizationGap,
            IsFlagged = pass.AmortizationGap > GapLimit,
        };
        if (Interlocked.Exchange(ref _lastRowPass, pass) is { } other)
        {
            _rowPasses.Add(other);
        }

        return gaps;
    }

    private void RequireCells(ReadOnlySpan<double> row)
    {
        for (int k = 0; k < row.Length && !Encoder.AcceptsMissing; k++)
        {
            if (!double.IsFinite(row[k]))
            {
                throw new ArgumentException(Guard.Text($"{nameof(row)}[{k}]{Model.Columns.Behind(k)} is {row[k]}; it must be finite."), nameof(row));
            }
        }
    }
}
