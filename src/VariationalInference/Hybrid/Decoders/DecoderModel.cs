using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// A model with a decoder: x = f_θ(z_A) + A z_C + b + ε. The amortized latents z_A act through a network, the linear latents z_C through
/// loadings, and ε_k ~ N(0, r_k) is the noise of observation k.
/// </summary>
/// <remarks>
/// <para>
/// Given z_A the model is linear-Gaussian: z_C has a posterior in closed form and integrates out,
/// x | z_A ~ N(f_θ(z_A) + A m_C + b, R + A S_C Aᵀ). So an encoder is needed for z_A alone. Without linear latents the model is a variational
/// autoencoder; with a linear decoder it is a <see cref="LinearGaussianModel"/>, which needs no encoder.
/// </para>
/// <para>
/// A model made of a decoder alone has no numbers of its own yet: loadings and offset are 0 and noise variances 1, until
/// <see cref="HybridSolver.Fit(DecoderModel, IEncoder, Matrix{double}, IProgress{DecoderProgress}?, CancellationToken)"/> learns them, beginning
/// with the factor analysis of the rows. The result has a model of its own; this one never changes.
/// </para>
/// <threadsafety>Safe to share, as long as nobody writes the parameters of its decoder.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Eight nonlinear latents behind a network, eight linear ones with loadings, sixty-four observations.
/// var model = new DecoderModel(new MlpDecoder(latentCount: 8, observationCount: 64, hiddenWidths: [128, 128]), linearLatentCount: 8);
/// Console.WriteLine(model);   // MlpDecoder 8-128-128-64 tanh + 8 linear latents, 64 observations
/// ]]></code>
/// </example>
public sealed partial class DecoderModel
{
    private readonly NameList _observationNames = NameList.None;
    private readonly NameList _amortizedNames = NameList.None;
    private readonly NameList _linearNames = NameList.None;

    /// <summary>Creates a model whose loadings, offset and noise variances are to be learned; both priors are standard normal.</summary>
    /// <param name="decoder">The decoder. It is not copied; training works on copies.</param>
    /// <param name="linearLatentCount">The number of linear latents C. Range: at least 0. The default is 0, a variational autoencoder.</param>
    /// <exception cref="ArgumentNullException"><paramref name="decoder"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="linearLatentCount"/> is below 0, or the decoder has no latents or observations.</exception>
    public DecoderModel(IDecoder decoder, int linearLatentCount = 0)
    {
        Decoder = Require(decoder);
        Guard.AtLeast(linearLatentCount, 0, nameof(linearLatentCount));
        if (linearLatentCount > 0)
        {
            Guard.InArray(linearLatentCount, decoder.ObservationCount, nameof(linearLatentCount));
        }

        LoadingValues = new double[decoder.ObservationCount * linearLatentCount];
        Offset = [.. new double[decoder.ObservationCount]];
        NoiseVariances = [.. Enumerable.Repeat(1.0, decoder.ObservationCount)];
        AmortizedPrior = GaussianPrior.Independent(decoder.LatentCount);
        LinearPrior = linearLatentCount == 0 ? null : GaussianPrior.Independent(linearLatentCount);
    }

    /// <summary>Creates a model with numbers of its own, to begin training with or to keep; those that are left out are to be learned.</summary>
    /// <param name="decoder">The decoder. It is not copied; training works on copies.</param>
    /// <param name="loadings">A, K×C, all finite; <see langword="null"/> for no linear latents.</param>
    /// <param name="offset">b, length K, all finite; empty when it is to be learned.</param>
    /// <param name="noiseVariances">r, length K, all positive; empty when they are to be learned.</param>
    /// <param name="amortizedPrior">The prior of z_A; <see langword="null"/> for standard normal.</param>
    /// <param name="linearPrior">The prior of z_C; <see langword="null"/> for standard normal.</param>
    /// <exception cref="ArgumentNullException"><paramref name="decoder"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A size does not fit, or a number is out of its range.</exception>
    public DecoderModel(
        IDecoder decoder,
        Matrix<double>? loadings,
        ReadOnlySpan<double> offset = default,
        ReadOnlySpan<double> noiseVariances = default,
        GaussianPrior? amortizedPrior = null,
        GaussianPrior? linearPrior = null)
    {
        Decoder = Require(decoder);
        int count = loadings?.ColumnCount ?? 0;
        if (loadings is null && linearPrior is not null)
        {
            throw new ArgumentException(
                Guard.Text($"loadings is null, and linearPrior has {linearPrior.Count} latents; loadings must have a column for each."), nameof(loadings));
        }

        const string meaning = "one for each observation";
        Guard.Length(loadings?.RowCount ?? ObservationCount, ObservationCount, nameof(loadings), meaning);
        LoadingValues = loadings?.ToRowMajorArray() ?? [];
        Guard.AllFinite(LoadingValues, nameof(loadings));
        HasOffset = !offset.IsEmpty;
        HasNoise = !noiseVariances.IsEmpty;
        Guard.Length(HasOffset ? offset.Length : ObservationCount, ObservationCount, nameof(offset), meaning);
        Guard.AllFinite(offset, nameof(offset));
        Guard.Length(HasNoise ? noiseVariances.Length : ObservationCount, ObservationCount, nameof(noiseVariances), meaning);
        Guard.AllPositive(noiseVariances, nameof(noiseVariances));
        Guard.Length(amortizedPrior?.Count ?? AmortizedLatentCount, AmortizedLatentCount, nameof(amortizedPrior), "one for each amortized latent");
        Guard.Length(linearPrior?.Count ?? count, count, nameof(linearPrior), "one for each linear latent, a column of loadings");
        Offset = HasOffset ? [.. offset] : [.. new double[ObservationCount]];
        NoiseVariances = HasNoise ? [.. noiseVariances] : [.. Enumerable.Repeat(1.0, ObservationCount)];
        AmortizedPrior = amortizedPrior ?? GaussianPrior.Independent(AmortizedLatentCount);
        LinearPrior = count == 0 ? null : linearPrior ?? GaussianPrior.Independent(count);
        HasLoadings = true;
    }

    /// <summary>Gets the decoder f_θ.</summary>
    public IDecoder Decoder { get; }

    /// <summary>Gets the number of observations K in a row.</summary>
    public int ObservationCount => Decoder.ObservationCount;

    /// <summary>Gets the number of amortized latents A.</summary>
    public int AmortizedLatentCount => Decoder.LatentCount;

    /// <summary>Gets the number of linear latents C.</summary>
    public int LinearLatentCount => LinearPrior?.Count ?? 0;

    /// <summary>Gets the names of the observations, length K, all different; empty where they have none.</summary>
    /// <value>The default is none. They go into trained models, files and the messages of refused cells.</value>
    /// <exception cref="ArgumentException">There are more or fewer than K, or one is blank or there twice.</exception>
    public IReadOnlyList<string> ObservationNames
    {
        get => _observationNames;
        init => _observationNames = NameList.Of(value, ObservationCount, nameof(ObservationNames), "one for each observation");
    }

    /// <summary>Gets the names of the amortized latents, length A, all different; empty where they have none.</summary>
    /// <value>The default is none. They go into trained models, files, posteriors and their summaries.</value>
    /// <exception cref="ArgumentException">There are more or fewer than A, or one is blank or there twice.</exception>
    public IReadOnlyList<string> AmortizedLatentNames
    {
        get => _amortizedNames;
        init => _amortizedNames = NameList.Of(value, AmortizedLatentCount, nameof(AmortizedLatentNames), "one for each amortized latent");
    }

    /// <summary>Gets the names of the linear latents, length C, all different; empty where they have none.</summary>
    /// <value>The default is none. They go into trained models, files, posteriors and their summaries.</value>
    /// <exception cref="ArgumentException">There are more or fewer than C, or one is blank or there twice.</exception>
    public IReadOnlyList<string> LinearLatentNames
    {
        get => _linearNames;
        init => _linearNames = NameList.Of(value, LinearLatentCount, nameof(LinearLatentNames), "one for each linear latent");
    }

    /// <summary>Gets the offset b, length K.</summary>
    public ImmutableArray<double> Offset { get; }

    /// <summary>Gets the noise variances r, length K.</summary>
    public ImmutableArray<double> NoiseVariances { get; }

    /// <summary>Gets the prior of the amortized latents z_A.</summary>
    public GaussianPrior AmortizedPrior { get; }

    /// <summary>Gets the prior of the linear latents z_C; <see langword="null"/> without any.</summary>
    public GaussianPrior? LinearPrior { get; }

    /// <summary>Gets a value indicating whether loadings, offset and noise variances were given or learned; until then training chooses where they start.</summary>
    public bool HasNumbers => HasLoadings && HasOffset && HasNoise;

    /// <summary>Gets <see cref="ObservationNames"/>, checked.</summary>
    internal NameList Columns => _observationNames;

    internal bool HasLoadings { get; }

    internal bool HasOffset { get; }

    internal bool HasNoise { get; }

    /// <summary>Gets A, row-major.</summary>
    internal double[] LoadingValues { get; }

    /// <summary>Returns the loadings A.</summary>
    /// <returns>A new matrix, K×C; <see langword="null"/> without linear latents.</returns>
    public Matrix<double>? Loadings() =>
        LinearLatentCount == 0 ? null : Matrix<double>.Build.DenseOfRowMajor(ObservationCount, LinearLatentCount, LoadingValues);

    /// <summary>Names the decoder and counts the linear latents and the observations.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Guard.Text($"{Decoder} + {Wording.Count(LinearLatentCount, "linear latent")}, {Wording.Count(ObservationCount, "observation")}");

    private static IDecoder Require(IDecoder decoder)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        if (decoder.LatentCount < 1 || decoder.ObservationCount < 1)
        {
            throw new ArgumentException(
                Guard.Text($"decoder has {decoder.LatentCount} latents and {decoder.ObservationCount} observations; each must be at least 1."), nameof(decoder));
        }

        return decoder.HasInputGradients ? decoder : throw new ArgumentException(
            "HasInputGradients of decoder is false; its tapes must give gradients in the latents.", nameof(decoder));
    }
}
